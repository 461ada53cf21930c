#!/bin/bash
# What difficult clients and endpoints cost everybody else: latency of a fixed moderate load (h2load, open rate) through our gateway, alone and beside
# (1) 10,000 clients that send half a head and come again when they are cut, (2) clients that ask for 32 MB and read nothing, (3) 100 clients of an endpoint that never
# answers, (4) 100 clients, 10 requests a second each, of one that answers what is no header, (5) the upload of 1 GB at 100 MB/s; with the gateway's memory. Clients of an
# endpoint that answers at once would otherwise ask as fast as the machine can, and take its CPU from what is measured. Then how fast an open breaker says no. The same load goes
# through nginx too, as a measure for the machine.
#
# usage: bench/peers/hardship.sh [--smoke] [--seconds N] [--rate N] [--slow N]
# needs: nginx h2load curl, descriptors for all connections (ulimit -n)
set -euo pipefail

seconds=6 rate=2000 slow=10000 unread=200
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=2 rate=500 slow=1000 unread=50 ;;
    --seconds) seconds=$2; shift ;;
    --rate) rate=$2; shift ;;
    --slow) slow=$2; shift ;;
    *) sed -n '2,10p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs nginx h2load curl
ulimit -n "$(ulimit -Hn)"

# In memory where there is room: who reads a file of holes from a disk keeps a processor to himself for 20 ms at a time, and that is what would be measured.
where=/tmp
if [ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)" -gt 1500000 ] 2>/dev/null; then where=/dev/shm; fi
workplace "$where"
upstream=$base ours=$((base + 1)) nginx=$((base + 2)) mute=$((base + 3)) garbage=$((base + 4)) sink=$((base + 5)) failing=$((base + 6)) dead=$((base + 7))
object 1k 1024
object large 33554432
upstream_conf "$upstream" 1
cat > "$folder/nginx.conf" <<END
pid $folder/nginx.pid; $(nginx_main 1)
http { $(nginx_http) upstream s { server 127.0.0.1:$upstream; keepalive 256; }
  client_max_body_size 0; proxy_request_buffering off;
  server { listen 127.0.0.1:$nginx; location /garbage/ { proxy_pass http://127.0.0.1:$garbage; } location /mute/ { proxy_pass http://127.0.0.1:$mute; }
    location /sink/ { proxy_pass http://127.0.0.1:$sink; proxy_http_version 1.1; } location /dead/ { proxy_pass http://127.0.0.1:$dead; }
    location / { proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
END

# Latency percentiles in microseconds, from h2load's log of each request: start, status, duration.
measure() { # name port [path] [rate]
  rm -f "$folder/h2.log"
  h2load --h1 -t1 -c50 -D "$seconds" --rps $((${4:-$rate} / 50)) --log-file="$folder/h2.log" "http://127.0.0.1:$2${3:-/1k}" > "$folder/h2.out" 2>&1
  [ -s "$folder/h2.log" ] || { echo "$1: h2load measured nothing:" >&2; cat "$folder/h2.out" >&2; exit 1; }
  sort -n -k3 "$folder/h2.log" | awk -v name="$1" -v rss="$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$ours_pid/status")" '
    { v[NR] = $3; if ($2 != 200) bad++ }
    END { printf "%-40s%9d%9d%9d%9d%10d MiB\n", name, NR, bad, v[int(NR * 0.5) + 1], v[int(NR * 0.99) + 1], rss }'
}

start upstream "$upstream" nginx -p "$folder" -c "$folder/upstream.conf"
start ours "$ours" "$bench" gateway --listen "$ours" --to "$upstream" --transport epoll mute="$mute" garbage="$garbage" sink="$sink"
start nginx "$nginx" nginx -p "$folder" -c "$folder/nginx.conf"
start mute "$mute" "$bench" hold mute "$mute" 0
start garbage "$garbage" "$bench" hold garbage "$garbage" 0
start sink "$sink" "$bench" worker "$sink" 100 0 0
start failing "$failing" "$bench" gateway --listen "$failing" --to "$upstream" --dead "$dead"
for _ in 1 2 3; do measure warm "$ours" > /dev/null; done
printf '%-40s%9s%9s%9s%9s%14s\n' "beside" requests failed "p50 µs" "p99 µs" "our memory"
measure "nginx, nothing" "$nginx"
measure "nothing" "$ours"
hold half "$ours" "$slow"
measure "$slow slow heads" "$ours"
free
hold unread "$ours" "$unread"
# Until the kernel's buffers are full: before, the one endpoint sends what nobody reads.
for _ in $(seq 30); do
  sleep 2
  curl -s -m 1 -o /dev/null "http://127.0.0.1:$ours/1k" && break
done
measure "$unread that read nothing" "$ours"
free
for through in ours nginx; do
  for what in mute garbage; do
    h2load --h1 -t1 -c100 --rps 10 -D "$((2 * seconds + 3))" "http://127.0.0.1:${!through}/$what/x" > "$folder/$what.out" 2>&1 &
    load=$!
    # What a way costs while the runtime still compiles it is not what it costs.
    measure warm "${!through}" > /dev/null
    measure "$through: 100 clients of a $what endpoint" "${!through}"
    kill $load 2>/dev/null || true
  done
  head -c 256M /dev/zero > "$folder/large"
  curl -s -o "$folder/upload.out" -T "$folder/large" "http://127.0.0.1:${!through}/sink/x"
  head -c 1G /dev/zero > "$folder/large"
  curl -s -o "$folder/upload.out" -w '%{http_code} %{size_upload} %{time_total}\n' --limit-rate 100M -T "$folder/large" "http://127.0.0.1:${!through}/sink/x" > "$folder/upload.log" 2>&1 &
  load=$!
  measure "$through: an upload of 1 GB" "${!through}"
  wait $load || true
  echo "  the upload: $(cat "$folder/upload.log") (status, bytes, seconds)"
done
measure "nothing again" "$ours"
measure "warm" "$failing" /dead/x 500 > /dev/null
measure "an open breaker (all 503)" "$failing" /dead/x 500
measure "nginx, nobody listens (all 502)" "$nginx" /dead/x 500
