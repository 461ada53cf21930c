#!/bin/bash
# Runs RabbitMQ on $EVENTS_PORT, its management on $EVENTS_ADMIN_PORT, its data in $DATA_DIR. Erlang's port mapper is one of its own, on $PORT.
set -eu
server=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$server" ] || { echo "RabbitMQ is missing: apt-get install rabbitmq-server" >&2; exit 1; }
data=$DATA_DIR/rabbitmq
mkdir -p "$data"
cd "$data"
echo '[rabbitmq_management].' >"$data/plugins"
cat >"$data/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$EVENTS_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $EVENTS_ADMIN_PORT
collect_statistics_interval = 2000
log.console = true
log.console.level = warning
log.file = false
CONF
export HOME=$data ERL_EPMD_PORT=$PORT ERL_EPMD_ADDRESS=127.0.0.1 \
  RABBITMQ_NODENAME=shop@localhost RABBITMQ_DIST_PORT="$EVENTS_DIST_PORT" RABBITMQ_CONFIG_FILE=$data/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$data/plugins \
  RABBITMQ_MNESIA_BASE=$data/db RABBITMQ_LOG_BASE=$data/log RABBITMQ_PID_FILE=$data/pid RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
epmd -relaxed_command_check -address 127.0.0.1 -port "$PORT" &
exec "$server"
