#!/bin/bash
# Three hosts as network namespaces on one machine: two join the first, one is cut off and comes back, one is lost whole.
# Needs root, iproute2, curl and python3. Usage: three-hosts.sh BINARY FOLDER. Exit 0 where all that is claimed was seen.
set -u
BIN=$1; W=$2; mkdir -p "$W"; NET=10.77.0; ID=ms$$
in_host() { ip netns exec "$ID-$1" "${@:2}"; }
mainstay() { in_host 1 "$BIN" "$@" --data "$W/h1"; }
api() { in_host 1 curl -s -m 2 "http://127.0.0.1:7070/api/v1/$1"; }
since() { python3 -c "import time; print(round(time.time() - $1, 2))"; }
fail() { echo "FAILED: $*"; exit 1; }
clean() {
  for host in 1 2 3; do
    for pid in $(ip netns pids "$ID-$host" 2>/dev/null); do kill -9 "$pid"; done
    ip netns del "$ID-$host" 2>/dev/null
  done
  ip netns del "$ID-sw" 2>/dev/null
}
# Asks until a condition holds: until_ SECONDS WHAT COMMAND…
until_() {
  local end=$(($(date +%s) + $1)) what=$2
  until "${@:3}" > /dev/null 2>&1; do [ "$(date +%s)" -lt "$end" ] || fail "$what was not seen within $1 s"; sleep 0.05; done
}
trap clean EXIT

ip netns add "$ID-sw" && ip -n "$ID-sw" link add br0 type bridge && ip -n "$ID-sw" link set br0 up || fail "namespaces cannot be made here"
for host in 1 2 3; do
  ip netns add "$ID-$host"; ip -n "$ID-$host" link set lo up
  ip link add eth0 netns "$ID-$host" type veth peer name "p$host" netns "$ID-sw"
  ip -n "$ID-sw" link set "p$host" master br0 up
  ip -n "$ID-$host" addr add "$NET.$host/24" dev eth0; ip -n "$ID-$host" link set eth0 up
done

# The pet writes its name ten times a second where every host reaches it: two owners would be seen there.
cat > "$W/mainstay.yaml" <<YAML
architecture: three
services:
  web: { run: "exec python3 -m http.server \$PORT --bind 0.0.0.0", instances: 6, resources: { cpu: 0.01, memory: 64Mi } }
  files:
    run: |
      while :; do echo "\$(date +%s.%N) \$MAINSTAY_INSTANCE" >> $W/owner.log; sleep 0.1; done &
      exec python3 -m http.server \$PORT --bind 0.0.0.0
    recover: pet
    grace: 1s
    place: { data: shared, labels: { disk: ssd } }
gateway:
  routes:
    web: { match: { path: "/{**rest}" }, to: web }
YAML
in_host 1 "$BIN" up "$W/mainstay.yaml" --data "$W/h1" --agents $NET.1:7071 --detach --no-dashboard --no-open --timeout 20s > "$W/up.log" 2>&1
TOKEN=$(mainstay host token --uses 2 -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["token"])') || fail "no token"
for host in 2 3; do
  in_host $host env MAINSTAY_JOIN_TOKEN="$TOKEN" setsid "$BIN" agent --join https://$NET.1:7071 --name h$host --data "$W/h$host" --zone z$host --label disk=ssd > "$W/h$host.log" 2>&1 &
done
ready() { [ "$(api hosts | python3 -c 'import json,sys; print(sum(h["state"]=="ready" for h in json.load(sys.stdin)["items"]))')" = "$1" ]; }
until_ 60 "three hosts that answer" ready 3
mainstay restart web --wait --timeout 90s > /dev/null || fail "web did not spread"
pet() { api instances | python3 -c 'import json,sys; print(*[i["host"] for i in json.load(sys.stdin)["items"] if i["service"]=="files" and i["status"]["state"]=="ready"])'; }
has_pet() { [ -n "$(pet)" ] && [ "$(pet)" != "${1:-}" ]; }
until_ 60 "the pet" has_pet
mainstay host ls
addresses() { api endpoints | python3 -c 'import json,sys; print(*[i["address"] for e in json.load(sys.stdin)["items"] if e["name"]=="web" for i in e["items"]])'; }
without() { local now; now=$(addresses); [ -n "$now" ] && ! grep -q "$NET.$1:" <<< "$now"; }
gateway_without() { grep -q "$NET" "$W/h$2/gateway/table.json" && ! grep -q "$NET.$1:" "$W/h$2/gateway/table.json"; }
six() { [ "$(addresses | wc -w)" -ge 6 ]; }

H=$(pet); K=${H#h}; OTHER=$((5 - K))
echo "== $H, which has the pet, is cut off"
AT=$(date +%s.%N); ip -n "$ID-sw" link set "p$K" down
until_ 10 "its endpoints gone" without "$K"; GONE=$(since "$AT"); echo "its endpoints are gone after $GONE s"
until_ 10 "the other gateway without it" gateway_without "$K" "$OTHER"; echo "the gateway of h$OTHER has none of its addresses after $(since "$AT") s"
until_ 30 "six instances again" six; echo "six instances serve again after $(since "$AT") s"
until_ 60 "the pet elsewhere" has_pet "$H"; echo "the pet serves on $(pet) after $(since "$AT") s"
echo "== it comes back"
ip -n "$ID-sw" link set "p$K" up
until_ 20 "three hosts that answer" ready 3
sleep 5
python3 - "$W/owner.log" <<'PY' || fail "the pet had two owners"
import sys
rows = [line.split() for line in open(sys.argv[1])]
names = [row[1] for row in rows if len(row) == 2]
changes = sum(a != b for a, b in zip(names, names[1:]))
print("owners of the pet, one after the other:", *dict.fromkeys(names))
sys.exit(changes != len(set(names)) - 1)
PY
[ "$(api instances | python3 -c 'import json,sys; print(sum(i["service"]=="web" for i in json.load(sys.stdin)["items"]))')" = 6 ] || fail "web is not six instances"

echo "== everything on h$OTHER is killed"
AT=$(date +%s.%N); for pid in $(ip netns pids "$ID-$OTHER"); do kill -9 "$pid"; done
until_ 10 "its endpoints gone" without "$OTHER"; LOST=$(since "$AT"); echo "its endpoints are gone after $LOST s"
until_ 30 "six instances again" six; echo "six instances serve again after $(since "$AT") s"
mainstay host ls
python3 -c "import sys; sys.exit(max($GONE, $LOST) > ${BOUND:-3})" || fail "a lost host was found later than after ${BOUND:-3} s"
mainstay down --timeout 30s > /dev/null 2>&1
echo "all as claimed"
