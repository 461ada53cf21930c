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
. "$(dirname "$0")/lib/peers.sh"
needs nginx
ulimit -n "$(ulimit -Hn)"

workplace
upstream=$base ours=$((base + 1)) managed=$((base + 2)) nginx=$((base + 3))
object 1k 1024
upstream_conf "$upstream" 2
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $(nginx_main 2)
http { $(nginx_http) upstream s { server 127.0.0.1:$upstream; keepalive 256; }
  server { listen 127.0.0.1:$nginx; location / { proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
END

resident() { # KiB of a process and its children
  local pid total=0
  for pid in "$1" $(pgrep -P "$1" || true); do
    total=$((total + $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")))
  done
  echo "$total"
}

start upstream "$upstream" nginx -p "$folder" -c "$folder/upstream.conf"
start ours "$ours" "$bench" gateway --listen "$ours" --to "$upstream" --transport epoll
start managed "$managed" env DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 "$bench" gateway --listen "$managed" --to "$upstream" --transport sockets
start nginx "$nginx" nginx -p "$folder" -c "$folder/nginx.conf"
printf '%-10s%14s%14s%14s%20s\n' "" before after added "bytes/connection"
for name in ours managed nginx; do
  # What serving costs at all (code, buffers of the connections to the endpoint) is there before: as many clients come, ask and go.
  for _ in 1 2; do
    hold idle "${!name}" 500
    free
    sleep 1
  done
  pid_name="${name}_pid"
  before=$(resident "${!pid_name}")
  hold idle "${!name}" "$connections"
  sleep 1
  after=$(resident "${!pid_name}")
  printf '%-10s%10d KiB%10d KiB%10d KiB%20d\n' "$name" "$before" "$after" $((after - before)) $(((after - before) * 1024 / connections))
  free
  sleep 1
done
