-- Roles and database for Ahadi. Run once, as a superuser, with passwords of your own; running it again changes nothing but them:
--
--   psql -v owner_password=… -v service_password=… -f deploy/postgres/roles.sql postgres
--
-- ahadi_owner    owns the tables. For migrations (the first start, upgrades) and for `ahadi rebuild`; nothing else.
-- ahadi          the login of the service. May do what the role ahadi_service may, and owns nothing.
-- ahadi_service  can append to the log and change views, and cannot change or delete a record. Cannot log in.
--
-- Then, as the owner, make the tables and give ahadi_service its privileges (after every upgrade again):
--
--   AHADI_DATABASE_URL=postgres://ahadi_owner:…@host/ahadi ahadi keys list
--
-- and run the service as `ahadi`: AHADI_DATABASE_URL=postgres://ahadi:…@host/ahadi. Other names: -v database=… -v owner=…
-- -v service=…; the role ahadi_service always has this name.

\set ON_ERROR_STOP on
\if :{?database} \else \set database ahadi
\endif
\if :{?owner} \else \set owner ahadi_owner
\endif
\if :{?service} \else \set service ahadi
\endif

SELECT 'CREATE ROLE ahadi_service NOLOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ahadi_service') \gexec
SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY[:'owner', :'service']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE :"owner" LOGIN PASSWORD :'owner_password' CONNECTION LIMIT 24;
-- A process has up to 18 connections.
ALTER ROLE :"service" LOGIN PASSWORD :'service_password' CONNECTION LIMIT 60;
-- Both act as the role while they work; the owner besides has the tables.
GRANT ahadi_service TO :"owner";
GRANT ahadi_service TO :"service";
-- What is confirmed is on disk. The service refuses to start otherwise.
ALTER ROLE :"owner" SET synchronous_commit = on;
ALTER ROLE :"service" SET synchronous_commit = on;

SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'database', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"service";

\connect :"database"
-- Up to PostgreSQL 14 everybody may create tables there.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO :"owner";
