#!/bin/sh
# Fills in the template and becomes PgBouncer.
set -eu
sed -e 's|@HOST@|postgres|; s|@POSTGRES_PORT@|5432|; s|@LISTEN@|0.0.0.0|; s|@PORT@|6432|' \
    -e 's|@FOLDER@/users.txt|/secrets/users.txt|; s|@MAX_CLIENTS@|100|' \
    -e '/^logfile/d; s|@FOLDER@|/tmp|' /plimsoll/pgbouncer.ini.in >/tmp/pgbouncer.ini
exec pgbouncer /tmp/pgbouncer.ini
