-- Lets PgBouncer, and nobody else, look up the SCRAM verifier of a login role. Run in every database and in template1.
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgbouncer') AS absent \gset
\if :absent
CREATE ROLE pgbouncer LOGIN PASSWORD :'password';
\endif
ALTER ROLE pgbouncer PASSWORD :'password';
CREATE SCHEMA IF NOT EXISTS pgbouncer AUTHORIZATION CURRENT_USER;
CREATE OR REPLACE FUNCTION pgbouncer.lookup(wanted text) RETURNS TABLE (usename text, passwd text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT rolname::text, rolpassword FROM pg_authid WHERE rolname = wanted AND rolcanlogin $$;
REVOKE ALL ON FUNCTION pgbouncer.lookup(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA pgbouncer TO pgbouncer;
GRANT EXECUTE ON FUNCTION pgbouncer.lookup(text) TO pgbouncer;
