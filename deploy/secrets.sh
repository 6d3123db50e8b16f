#!/usr/bin/env bash
# Makes up the secrets of docker-compose.yml, once: a file each, readable by its owner alone. Run it as the user of id
# 1000, as whom the containers read them.
set -euo pipefail
cd "$(dirname "$0")/secrets"
umask 077

# Whole or not at all: what a power cut leaves empty would be a password that everybody knows.
new() { [[ -s $1 ]] || { head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$1.new" && mv "$1.new" "$1"; }; }

for name in admin controller registrar streams casebook dispatch riskdesk auditor vault postgres; do new "$name"; done
# What libpq reads instead of a password in a URL.
[[ -s pgpass ]] || { printf '*:*:*:*:%s\n' "$(cat postgres)" > pgpass.new && mv pgpass.new pgpass; }
