#!/bin/sh
# At the first start of the database: what PgBouncer needs to look up the login roles.
set -eu
password=$(cat /secrets/postgres-pgbouncer)
for database in template1 plimsoll; do
    psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d "$database" -v password="$password" -f /plimsoll/lookup.sql
done
