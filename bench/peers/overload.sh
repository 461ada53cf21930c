#!/bin/bash
# What overload leaves of services that the gateway protects, with real processes: services of known capacity (so many requests at a time, each of 10 ms), an
# open load (requests begin at random times, whether those before were answered or not) of 3 and 10 times that capacity, 5 % of it critical, over one hop and over two in a row that are both overloaded. Tells goodput as a part of
# what the service alone can do, the 99th percentile of what was admitted beside its bound (twice that of the unloaded way, and the 50 ms that a queue holds at each hop), and the
# share of critical and of other requests that were served. The first seconds, in which limits are found, do not count.
#
# usage: bench/peers/overload.sh [--smoke] [--seconds N]
# needs: h2load
set -euo pipefail

seconds=10 warm=5
while [ $# -gt 0 ]; do
  case "$1" in
    --smoke) seconds=3 warm=2 ;;
    --seconds) seconds=$2; shift ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
  shift
done
. "$(dirname "$0")/lib/peers.sh"
needs h2load
ulimit -n "$(ulimit -Hn)"

workplace
one=$base two=$((base + 1)) mesh=$((base + 2)) single=$((base + 3)) front=$((base + 4)) back=$((base + 5)) idle=$((base + 6))

# Requests served per second, and percentiles of them in microseconds, after the first seconds: offered served p99
figures() { # log skip
  sort -n -k1 "$1" | awk -v skip="$2" '
    NR == 1 { from = $1 + skip * 1000000 }
    $1 >= from { all++; to = $1; if ($2 == 200) { ok++; print $3 > "'"$folder"'/ok" } }
    END { span = (to - from) / 1000000; printf "%.0f %.0f %d %d ", all / span, ok / span, all, ok }'
  sort -n "$folder/ok" | awk '{ v[NR] = $1 } END { at = int(NR * 0.99) + 1; if (at > NR) at = NR; print (NR > 0 ? v[at] : 0) }'
  : > "$folder/ok"
}

# Not by h2load: its clients begin together and keep step, so 20 of them ask at once each time, which a service of 4 at a time and 10 ms each needs 50 ms for, as long as its queue
# holds anybody; the last of each 20 are then turned away however critical they are.
load() { # log rate port path
  "$bench" offer "$3" "$4" "$2" "$((seconds + warm))" "$1" > "$1.out" 2>&1
}

# A service of one hop: 4 at a time. Two hops: 6 at a time, 5 ms and a call of one with 4 at a time.
start single "$single" "$bench" worker "$single" 4 10 0
start back "$back" "$bench" worker "$back" 4 10 0
start one "$one" "$bench" gateway --listen "$one" --front "$single" --mesh "$idle" --back "$back"
start two "$two" "$bench" gateway --listen "$two" --front "$front" --mesh "$mesh" --back "$back"
start front "$front" "$bench" worker "$front" 6 5 "$mesh"

printf '%-6s%6s%11s%11s%11s%14s%14s%14s%12s\n' hops load offered/s goodput/s 'of alone' 'p99 admitted' 'its bound' 'critical' 'others'
for hops in 1 2; do
  port=$([ $hops = 1 ] && echo "$one" || echo "$two")
  alone=$([ $hops = 1 ] && echo "$single" || echo "$front")
  rm -f "$folder"/*.h2
  h2load --h1 -t1 -c12 -D 4 --log-file="$folder/alone.h2" "http://127.0.0.1:$alone/x" > "$folder/alone.out" 2>&1
  read -r _ capacity _ _ _ < <(figures "$folder/alone.h2" 1)
  load "$folder/calm.h2" "$((capacity * 3 / 10))" "$port" /x
  read -r _ _ _ _ calm < <(figures "$folder/calm.h2" "$warm")
  for times in 3 10; do
    rm -f "$folder"/*.h2
    offered=$((capacity * times))
    load "$folder/critical.h2" "$((offered / 20))" "$port" /critical/x &
    other=$!
    load "$folder/rest.h2" "$((offered * 19 / 20))" "$port" /x
    wait $other
    read -r crate cgood call cok cp99 < <(figures "$folder/critical.h2" "$warm")
    read -r rate good all ok p99 < <(figures "$folder/rest.h2" "$warm")
    awk -v hops=$hops -v times=$times -v offered=$((crate + rate)) -v good=$((cgood + good)) -v capacity="$capacity" \
      -v p99="$((p99 > cp99 ? p99 : cp99))" -v calm="$calm" -v call="$call" -v cok="$cok" -v all="$all" -v ok="$ok" 'BEGIN {
      printf "%-6d%5d×%11d%11d%10.0f%%%11.0f ms%11.0f ms%13.1f%%%11.1f%%\n", hops, times, offered, good, 100 * good / capacity,
        p99 / 1000, 2 * calm / 1000 + 50 * hops, call ? 100 * cok / call : 0, all ? 100 * ok / all : 0 }'
  done
  echo "       alone: $capacity/s; p99 of the unloaded way: $((calm / 1000)) ms"
done
