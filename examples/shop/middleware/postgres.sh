#!/bin/sh
# Runs PostgreSQL on $DB_PORT, its data in $DATA_DIR, reachable from this machine alone and by everybody on it: an example, no production server.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
PATH=$bin:$PATH
command -v postgres >/dev/null || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }

# It refuses to run as root. It then runs as its own user, who may pass the folders above its own all the same.
as=
if [ "$(id -u)" = 0 ]; then
  as="setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override"
fi
data=$DATA_DIR/postgres
if [ ! -e "$data/ready" ]; then
  rm -rf "$data" && mkdir -p "$data"
  [ -z "$as" ] || chown postgres "$data"
  $as initdb -D "$data/db" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
  echo 'create database shop' | $as postgres --single -D "$data/db" postgres >/dev/null
  touch "$data/ready"
fi
exec $as postgres -D "$data/db" -h 127.0.0.1 -p "$DB_PORT" -k '' -c shared_preload_libraries=pg_stat_statements -c shared_buffers=32MB -c max_connections=60
