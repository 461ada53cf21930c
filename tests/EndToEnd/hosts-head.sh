# What the trials on several hosts have in common: hosts as network namespaces on one bridge, asking until something holds, and cleaning up. To be sourced, with BIN, W (a folder), NET (the first three parts of the
# hosts' addresses) and ID (a name for the namespaces) set. Host N is the namespace $ID-N with the address $NET.N; the bridge is in $ID-sw, and the host's end of it is pN.
mkdir -p "$W"
in_host() { ip netns exec "$ID-$1" "${@:2}"; }
# What a server's API says: api HOST PATH
api() { in_host "$1" curl -s -m 2 "http://127.0.0.1:7070/api/v1/$2"; }
since() { python3 -c "import time; print(round(time.time() - $1, 2))"; }
fail() { echo "FAILED: $*"; tail -n 8 "$W"/*.log; exit 1; }
clean() {
  kill ${HELPERS:-} 2>/dev/null
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
