#!/usr/bin/env bash
# Starts PostgreSQL with TLS: gives it the key in a file of its own, as it reads no other, and becomes the image's start.
set -euo pipefail
install -d -o postgres -g postgres -m 700 /run/tls
install -o postgres -g postgres -m 600 /run/secrets/database-tls /run/tls/database.pem
exec docker-entrypoint.sh postgres -c config_file=/deploy/postgresql.conf
