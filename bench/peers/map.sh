#!/bin/bash
# How long the server takes to answer for the map of a large system that it knows by spans alone, while both halves of a call along each edge come every second, with the sender on the same cores.
#
# usage: bench/peers/map.sh [--smoke] [--services N] [--edges N]
set -euo pipefail

services=1000 edges=10000
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) services=100 edges=500 ;;
    --services) services=$2; shift ;;
    --edges) edges=$2; shift ;;
    *) sed -n '2,5p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs grep
mainstay=${MAINSTAY:-$root/artifacts/bin/Host/release/mainstay}
[ -x "$mainstay" ] || { echo "build it first: dotnet build -c Release src/Host" >&2; exit 2; }
workplace
otlp=$base api=http://127.0.0.1:$((base + 1))
start server "$otlp" "$mainstay" server --data "$folder/data" --server "$api" --listen "$api" --otlp-http "$otlp" --otlp-grpc off --zipkin off
"$bench" map --http "http://127.0.0.1:$otlp" --api "$api" --services "$services" --edges "$edges" || { cat "$folder/server.log" >&2; exit 1; }
