#!/bin/sh
# Runs Redis on $CACHE_PORT. It is a cache: nothing is kept on disk.
set -eu
command -v redis-server >/dev/null || { echo "Redis is missing: apt-get install redis-server" >&2; exit 1; }
exec redis-server --port "$CACHE_PORT" --bind 127.0.0.1 --save '' --appendonly no --maxmemory 64mb --maxmemory-policy allkeys-lru --set-proc-title no
