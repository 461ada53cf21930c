#!/usr/bin/env bash
# Durable commits per second with 64 writers and one writer's p50: our SQLite store, raw puts to etcd, and our store on that etcd, on the same
# disk, in alternating rounds.
#
#   bench/peers/store.sh [--smoke] [DIR]      DIR: a folder on the disk to be measured (default: a new one under /tmp)
#
# Fairness: both sync every acknowledged commit to the disk; values of 256 bytes, the same 64,000 keys. etcd is driven over eight HTTP/2
# connections with gRPC puts, as its own benchmark does, from a process on the same machine; our store is a library, so its writers are in its
# process. That is how each is used: a cluster pays for a network, an embedded store does not.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=3 seconds=4
if [ "${1:-}" = --smoke ]; then rounds=1 seconds=1; shift; fi
command -v etcd >/dev/null || { echo "store.sh: etcd is not installed" >&2; echo "install it, for example: apt-get install etcd-server" >&2; exit 1; }

own=
dir=${1:-}
if [ -z "$dir" ]; then dir=$(mktemp -d /tmp/mainstay-bench.XXXXXX); own=$dir; fi
work=$(mktemp -d "$dir/store-bench.XXXXXX")
etcd_pid=
cleanup() {
  if [ -n "$etcd_pid" ]; then kill "$etcd_pid" 2>/dev/null || true; wait "$etcd_pid" 2>/dev/null || true; fi
  rm -rf "$work"
  if [ -n "$own" ]; then rmdir "$own"; fi
}
trap cleanup EXIT

dotnet build bench/Bench -c Release -v q -nologo -clp:NoSummary
port=$((20000 + RANDOM % 12000))
etcd --data-dir "$work/etcd" --listen-client-urls "http://127.0.0.1:$port" --advertise-client-urls "http://127.0.0.1:$port" \
  --listen-peer-urls "http://127.0.0.1:$((port + 1))" --log-level error >"$work/etcd.log" 2>&1 &
etcd_pid=$!
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$etcd_pid" 2>/dev/null || { echo "store.sh: etcd did not start" >&2; tail -5 "$work/etcd.log" >&2; exit 1; }
  sleep 0.1
done

etcd --version | sed -n 1p
artifacts/bin/Bench/release/Mainstay.Bench store --path "$work" --etcd "http://127.0.0.1:$port" --rounds "$rounds" --seconds "$seconds"
