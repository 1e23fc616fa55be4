#!/bin/sh
# Makes the secrets of compose.yaml: .env for what the programs read from their environment, secrets/
# for what they read from files. Says their names only, and never overwrites.
set -eu
cd "$(dirname "$0")"

if [ -e .env ] || [ -e secrets ]; then
    echo "secrets: .env or secrets/ is here already; to rotate, see docs/operations.md." >&2
    exit 1
fi
umask 077
mkdir secrets
# random BYTES: hexadecimal, which needs no escaping in a URL or a configuration file.
random() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

database=$(random 24)
grafana=$(random 16)
{
    echo "DATABASE_PASSWORD=$database"
    echo "REDIS_PASSWORD=$(random 24)"
    echo "TOKEN_KEYS=first:$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
    echo "PASSWORD_KEY=$(random 32)"
    echo "OPERATIONS_TOKEN=$(random 32)"
    echo "SHOP_PAYMENT_SECRET=$(random 32)"
} >.env
printf '%s' "$database" >secrets/database-password
printf '%s' "$grafana" >secrets/grafana-password
printf '"app" "%s"\n' "$database" >secrets/pooler-users
# Read inside the containers by users of their own, so the folder keeps others out, not the files.
chmod 644 secrets/*
echo "secrets: made .env and secrets/ in deploy/compose; neither belongs in the repository."
