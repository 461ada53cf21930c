#!/bin/bash
# Memory that idle keep-alive connections cost our gateway and nginx, side by side: resident set (VmRSS of all processes) before and after so many
# clients have asked once each and stay. The kernel's own memory for sockets is the same for both and not counted.
#
# usage: bench/peers/idle.sh [--smoke] [--connections N]
# needs: nginx, descriptors for all connections (ulimit -n)
set -euo pipefail

connections=5000
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) connections=500 ;;
    --connections) connections=$2; shift ;;
    *) sed -n '2,7p' "$0" >&2; exit 2 ;;
  esac
  shift
done
command -v nginx >/dev/null || { echo "nginx is not installed" >&2; exit 2; }
ulimit -n "$(ulimit -Hn)"

root=$(cd "$(dirname "$0")/../.." && pwd)
bench=${BENCH:-$root/artifacts/bin/Bench/release/Mainstay.Bench}
[ -x "$bench" ] || { echo "build it first: dotnet build -c Release bench/Bench" >&2; exit 2; }

folder=$(mktemp -d)
chmod 755 "$folder" # nginx started by root reads as another user
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT

base=$((20000 + RANDOM % 10000))
upstream=$base ours=$((base + 1)) managed=$((base + 2)) nginx=$((base + 3))
mkdir "$folder/www"
head -c 1024 /dev/zero | tr '\0' x > "$folder/www/1k"
common="daemon off; worker_processes 2; error_log $folder/error.log; worker_rlimit_nofile $(ulimit -Hn); events { worker_connections 16384; }"
http="access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s;
client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3; uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;"
cat > "$folder/upstream.conf" <<END
pid $folder/upstream.pid; $common
http { $http server { listen 127.0.0.1:$upstream; root $folder/www; } }
END
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $common
http { $http upstream s { server 127.0.0.1:$upstream; keepalive 256; }
  server { listen 127.0.0.1:$nginx; location / { proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
END

start() { # name port command...
  local name=$1 port=$2
  shift 2
  "$@" > "$folder/$name.log" 2>&1 &
  eval "${name}_pid=$!"
  pids+=($!)
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.05
  done
  echo "$name did not start:" >&2
  cat "$folder/$name.log" >&2
  exit 1
}

resident() { # KiB of a process and its children
  local pid total=0
  for pid in "$1" $(pgrep -P "$1" || true); do
    total=$((total + $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")))
  done
  echo "$total"
}

ask() { # port connections -> holds them; the holder's input is descriptor 4
  exec 4> >(exec "$bench" hold idle "$1" "$2" > "$folder/hold.log" 2>&1)
  for _ in $(seq 600); do
    if grep -q held "$folder/hold.log" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "the connections could not be opened:" >&2
  cat "$folder/hold.log" >&2
  exit 1
}

start upstream "$upstream" nginx -p "$folder" -c "$folder/upstream.conf"
start ours "$ours" "$bench" gateway --listen "$ours" --to "$upstream" --transport epoll
start managed "$managed" env DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 "$bench" gateway --listen "$managed" --to "$upstream" --transport sockets
start nginx "$nginx" nginx -p "$folder" -c "$folder/nginx.conf"
printf '%-10s%14s%14s%14s%20s\n' "" before after added "bytes/connection"
for name in ours managed nginx; do
  # What serving costs at all (code, buffers of the connections to the endpoint) is there before: as many clients come, ask and go.
  for _ in 1 2; do
    ask "${!name}" 500
    exec 4>&-
    rm -f "$folder/hold.log"
    sleep 1
  done
  pid_name="${name}_pid"
  before=$(resident "${!pid_name}")
  ask "${!name}" "$connections"
  sleep 1
  after=$(resident "${!pid_name}")
  printf '%-10s%10d KiB%10d KiB%10d KiB%20d\n' "$name" "$before" "$after" $((after - before)) $(((after - before) * 1024 / connections))
  exec 4>&-
  rm -f "$folder/hold.log"
  sleep 1
done
