#!/usr/bin/env bash
# Starts the broker with SCRAM and ACLs: puts the passwords of /run/secrets into its properties, formats its storage the
# first time with the administrator in it, and becomes Kafka.
set -euo pipefail
kafka=${KAFKA_HOME:-/opt/kafka}
secrets=${KAFKA_SECRETS:-/run/secrets}
data=${KAFKA_DATA:-/var/lib/kafka/data}
umask 077

admin=$(< "$secrets/admin")
controller=$(< "$secrets/controller")
properties=$(mktemp)
sed -e "s|@admin@|$admin|g" -e "s|@controller@|$controller|g" -e "s|@data@|$data|g" \
  "$(dirname "$0")/server.properties" > "$properties"

if [[ ! -e $data/meta.properties ]]; then
  "$kafka/bin/kafka-storage.sh" format --standalone --cluster-id "$("$kafka/bin/kafka-storage.sh" random-uuid)" \
    --config "$properties" --add-scram "SCRAM-SHA-256=[name=admin,password=$admin]"
fi
exec "$kafka/bin/kafka-server-start.sh" "$properties"
