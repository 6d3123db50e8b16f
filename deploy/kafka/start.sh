#!/usr/bin/env bash
# Starts the broker with TLS, SCRAM and ACLs: puts the passwords of /run/secrets into its properties, formats its storage
# the first time with the administrator in it, and becomes Kafka. No password is ever an argument of a program.
set -euo pipefail
kafka=${KAFKA_HOME:-/opt/kafka}
secrets=${KAFKA_SECRETS:-/run/secrets}
data=${KAFKA_DATA:-/var/lib/kafka/data}
member=${KAFKA_MEMBER_ADDRESS:-127.0.0.1:19092}
umask 077

admin=$(< "$secrets/admin")
controller=$(< "$secrets/controller")
told=$(< "$(dirname "$0")/server.properties")
told=${told//@admin@/"$admin"}
told=${told//@controller@/"$controller"}
told=${told//@secrets@/"$secrets"}
told=${told//@data@/"$data"}
told=${told//@member@/"$member"}
private=$(mktemp -d)
printf '%s\n' "$told" > "$private/server.properties"

if [[ ! -e $data/meta.properties ]]; then
  cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'xx' | tr -d '=')
  # Java reads the tool and its arguments from a file, which keeps the password out of the process list.
  printf '%s\n' kafka.tools.StorageTool "format --standalone --cluster-id $cluster" \
    "--config $private/server.properties --add-scram SCRAM-SHA-256=[name=admin,password=$admin]" > "$private/format"
  java -cp "$kafka/libs/*" "@$private/format"
  rm "$private/format"
fi
exec "$kafka/bin/kafka-server-start.sh" "$private/server.properties"
