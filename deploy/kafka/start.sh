#!/usr/bin/env bash
# Starts the broker with TLS, SCRAM and ACLs: puts the passwords of /run/secrets into its properties, formats its storage
# the first time with the administrator in it, and becomes Kafka. No password is ever an argument of a program, and neither
# a password nor what verifies one is in the container's log.
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
  # The tool prints the administrator's salt and keys; its errors are told by their last words.
  code=0
  said=$(java -cp "$kafka/libs/*" "@$private/format" 2>&1 > /dev/null) || code=$?
  rm "$private/format"
  if ((code)); then
    said=$(sed '/^[[:space:]]/d' <<< "$said" | tail -n 1)
    said=${said//"$admin"/…}
    echo "The broker's storage in $data can't be formatted (code $code): ${said//"$controller"/…}" >&2
    exit 1
  fi
fi
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$(dirname "$0")/log4j2.yaml"
exec "$kafka/bin/kafka-server-start.sh" "$private/server.properties"
