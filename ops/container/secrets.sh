#!/bin/sh
# Makes every password at the first start, once, and gives each container its own copy of only those it needs.
set -eu
umask 077
new() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n' | head -c 32; }

master=/secrets/master
mkdir -p "$master"
for name in postgres-superuser postgres-pgbouncer postgres-market_data postgres-strategy postgres-risk_manager \
    postgres-execution postgres-alerting postgres-operator redis exchange-key exchange-secret smtp-password \
    grafana-admin; do
    [ -s "$master/$name" ] || new >"$master/$name"
done

# give FOLDER UID NAME…: what is there already and right is left alone, since services may be reading it.
give() {
    folder=/secrets/$1 owner=$2
    shift 2
    for name in "$@"; do
        cmp -s "$master/$name" "$folder/$name" || cp "$master/$name" "$folder/$name.new"
        [ ! -e "$folder/$name.new" ] || mv "$folder/$name.new" "$folder/$name"
    done
    chown -R "$owner:$owner" "$folder"
    chmod 500 "$folder"
    chmod 400 "$folder"/*
}

# The mail catcher's certificate, its own authority, and its one user.
if [ ! -s "$master/mail-certificate.pem" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=mail \
        -addext subjectAltName=DNS:mail -keyout "$master/mail-key.pem" -out "$master/mail-certificate.pem" 2>/dev/null
fi
printf 'plimsoll:%s\n' "$(cat "$master/smtp-password")" >"$master/mail-users"

[ -s "$master/alerting-page" ] || printf 'owner %s\n' "$(new)" >"$master/alerting-page"

printf '"pgbouncer" "%s"\n' "$(cat "$master/postgres-pgbouncer")" >"$master/users.txt"
cat >"$master/redis.conf" <<END
bind * -::*
requirepass $(cat "$master/redis")
appendonly yes
save ""
maxmemory 2gb
maxmemory-policy allkeys-lru
END

app=10001
chmod 700 /secrets/*
give postgres 70 postgres-superuser postgres-pgbouncer
give pgbouncer 70 users.txt
give redis 999 redis.conf
give grafana 472 grafana-admin
give exchange-sim $app exchange-key exchange-secret
give migrate $app postgres-superuser postgres-market_data postgres-strategy postgres-risk_manager postgres-execution \
    postgres-alerting postgres-operator
give operator $app postgres-operator redis exchange-key exchange-secret smtp-password
give market-data $app postgres-market_data redis
give strategy $app postgres-strategy redis
give risk-manager $app postgres-risk_manager redis
give execution $app postgres-execution redis exchange-key exchange-secret
give alerting $app postgres-alerting redis smtp-password mail-certificate.pem alerting-page
give mail 0 mail-certificate.pem mail-key.pem mail-users
