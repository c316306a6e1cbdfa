#!/bin/sh
# Run once by the PostgreSQL image: the two roles and the database of docs/guides/postgresql.md.
set -eu
psql --set ON_ERROR_STOP=1 --set owner="$OWNER_PASSWORD" --set app="$APP_PASSWORD" --username postgres <<'SQL'
CREATE ROLE earmark_owner LOGIN PASSWORD :'owner';
CREATE ROLE earmark_app LOGIN PASSWORD :'app';
CREATE DATABASE earmark OWNER earmark_owner ENCODING 'UTF8';
\connect earmark
CREATE EXTENSION IF NOT EXISTS vector;
SQL
