#!/usr/bin/env bash
# Durable messages per second, in and out: our embedded queue, and our engine over RabbitMQ, against a quorum queue of RabbitMQ by itself, on the same disk, in
# alternating rounds.
#
#   bench/peers/queues.sh [--smoke] [DIR]      DIR: a folder on the disk to be measured (default: a new one under /tmp)
#
# Fairness: 256 bytes, four producers that wait for the confirmation of each hundred, four consumers that acknowledge by the hundred; both sync what they
# confirm. RabbitMQ is asked over AMQP on one connection; our engine is a library of the server, so its clients are in its process.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=3 seconds=4
if [ "${1:-}" = --smoke ]; then rounds=1 seconds=1; shift; fi
server=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$server" ] || { echo "queues.sh: RabbitMQ is not installed" >&2; echo "install it, for example: apt-get install rabbitmq-server" >&2; exit 1; }

own=
dir=${1:-}
if [ -z "$dir" ]; then dir=$(mktemp -d /tmp/mainstay-bench.XXXXXX); own=$dir; fi
work=$(mktemp -d "$dir/queue-bench.XXXXXX")
pid= port=
cleanup() {
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
  if [ -n "$port" ]; then ERL_EPMD_PORT=$((port + 2)) epmd -kill >/dev/null 2>&1 || true; fi
  rm -rf "$work"
  if [ -n "$own" ]; then rmdir "$own"; fi
}
trap cleanup EXIT

dotnet build bench/Bench -c Release -v q -nologo -clp:NoSummary
port=$((20000 + RANDOM % 12000))
mkdir "$work/rabbit"
touch "$work/rabbit/plugins"
env HOME="$work/rabbit" ERL_EPMD_PORT=$((port + 2)) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$port RABBITMQ_DIST_PORT=$((port + 1)) RABBITMQ_NODENAME="bench$port@localhost" \
  RABBITMQ_MNESIA_BASE="$work/rabbit/db" RABBITMQ_LOG_BASE="$work/rabbit/log" RABBITMQ_ENABLED_PLUGINS_FILE="$work/rabbit/plugins" \
  "$server" >"$work/rabbit.log" 2>&1 &
pid=$!
for _ in $(seq 1200); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$pid" 2>/dev/null || { echo "queues.sh: RabbitMQ did not start" >&2; tail -5 "$work/rabbit.log" >&2; exit 1; }
  sleep 0.1
done

artifacts/bin/Bench/release/Mainstay.Bench queues --path "$work" --amqp "amqp://guest@127.0.0.1:$port" --rounds "$rounds" --seconds "$seconds"
