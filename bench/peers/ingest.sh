#!/bin/bash
# Spans per second that the server takes over OTLP/HTTP protobuf (ten attributes each, batches of 500) with a sender on the same cores, its memory
# afterwards, and what was lost; then the cost of reading a span beside the stock .NET protobuf parse of the same bytes.
#
# With --overload so many connections send again at once whatever they are told: memory, what is taken and what is turned away.
#
# usage: bench/peers/ingest.sh [--smoke] [--seconds N] [--connections N] [--overload CONNECTIONS]
set -euo pipefail

seconds=20 connections=2 smoke= overload=()
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=3 smoke=--smoke ;;
    --seconds) seconds=$2; shift ;;
    --connections) connections=$2; shift ;;
    --overload) overload=(--overload "$2"); shift ;;
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
  esac
  shift
done

root=$(cd "$(dirname "$0")/../.." && pwd)
bench=${BENCH:-$root/artifacts/bin/Bench/release/Mainstay.Bench}
mainstay=${MAINSTAY:-$root/artifacts/bin/Host/release/mainstay}
[ -x "$bench" ] || { echo "build it first: dotnet build -c Release bench/Bench" >&2; exit 2; }
[ -x "$mainstay" ] || { echo "build it first: dotnet build -c Release src/Host" >&2; exit 2; }

folder=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

base=$((20000 + RANDOM % 10000))
api=http://127.0.0.1:$base
"$mainstay" server --data "$folder/data" --server "$api" --listen "$api" --otlp-http $((base + 1)) --otlp-grpc off --zipkin off > "$folder/server.log" 2>&1 &
pid=$!
for _ in $(seq 200); do
  if grep -q 'OTLP over HTTP is taken in' "$folder/server.log" && (exec 3<>"/dev/tcp/127.0.0.1/$base") 2>/dev/null; then break; fi
  sleep 0.05
done

if ! "$bench" ingest --http "http://127.0.0.1:$((base + 1))" --api "$api" --seconds "$seconds" --connections "$connections" "${overload[@]}"; then
  cat "$folder/server.log" >&2
  exit 1
fi
"$bench" $smoke ingest/
