#!/bin/sh
# Passwords of the database and the broker for compose.several.yaml, made once: `sh deploy/secrets.sh deploy/secrets`.
#
# The folder is its owner's alone. The files in it can be read by all, because engines hand them on as they are, and the
# studio in its container is another account.
set -eu
folder=$1
mkdir -p "$folder"
chmod 700 "$folder"
if [ -e "$folder/database_url" ]; then
    echo "$folder has its passwords already. Nothing was changed."
    exit
fi
random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}
database=$(random)
broker=$(random)
umask 022
printf '%s\n' "$database" >"$folder/database_password"
printf 'amqp://studio:%s@broker:5672//\n' "$broker" >"$folder/broker_url"
printf 'default_user = studio\ndefault_pass = %s\n' "$broker" >"$folder/broker.conf"
# The last one: with it, all of them are there.
printf 'postgres://studio:%s@database:5432/studio\n' "$database" >"$folder/database_url"
echo "Passwords are in $folder."
