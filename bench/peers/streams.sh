#!/usr/bin/env bash
# Events appended per second, each durable and with the expected version checked: our embedded streams against a table of PostgreSQL with the same unique keys, on the same disk, in alternating rounds.
#
#   bench/peers/streams.sh [--smoke] [DIR]      DIR: a folder on the disk to be measured (default: a new one under /tmp)
#
# Fairness: 256 bytes, one event to a request, each writer waits for its answer; both sync what they confirm. PostgreSQL is asked over loopback by prepared statements; our engine is a library of the
# server, so its writers are in its process.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=3 seconds=4
if [ "${1:-}" = --smoke ]; then rounds=1 seconds=1; shift; fi
bin=/usr/lib/postgresql/15/bin
[ -x "$bin/initdb" ] || { echo "streams.sh: PostgreSQL is not installed" >&2; echo "install it, for example: apt-get install postgresql-15" >&2; exit 1; }

own=
dir=${1:-}
if [ -z "$dir" ]; then dir=$(mktemp -d /tmp/mainstay-bench.XXXXXX); own=$dir; fi
work=$(mktemp -d "$dir/stream-bench.XXXXXX")
as() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi; }
cleanup() {
  if [ -f "$work/pg/postmaster.pid" ]; then as "$bin/pg_ctl -D $work/pg -m immediate stop" >/dev/null 2>&1 || true; fi
  rm -rf "$work"
  if [ -n "$own" ]; then rmdir "$own"; fi
}
trap cleanup EXIT

dotnet build bench/Bench -c Release -v q -nologo -clp:NoSummary
port=$((20000 + RANDOM % 12000))
mkdir "$work/pg"
if [ "$(id -u)" = 0 ]; then chmod 755 "$dir" "$work"; chown postgres "$work/pg"; fi
as "$bin/initdb -D $work/pg -A trust -U postgres" >/dev/null
as "$bin/pg_ctl -D $work/pg -o '-p $port -h 127.0.0.1 -k $work/pg' -l $work/pg/log -w start" >/dev/null

artifacts/bin/Bench/release/Mainstay.Bench streams --path "$work" --postgres "Host=127.0.0.1;Port=$port;Username=postgres;Database=postgres" --rounds "$rounds" --seconds "$seconds"
