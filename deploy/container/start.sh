#!/usr/bin/env bash
# Starts one part of the hub in a container: papers (certificates), broker, hub, proxy, daily, or a
# command of matthan-hub. MATTHAN_HOST is the name at which phones and nodes reach the hub,
# MATTHAN_CONTACT the mail address for push services.
# MATTHAN_TLS="tls1.2 tls1.3" allows phones from before 2019.
set -euo pipefail
readonly data=/var/lib/matthan papers=/var/lib/matthan-papers upload_port=8443
host=${MATTHAN_HOST:-} contact=${MATTHAN_CONTACT:-}

die() {
    printf '%s\n' "$*" >&2
    exit 78
}

need_names() {
    [[ $host =~ ^[A-Za-z0-9.-]+$ ]] || die "MATTHAN_HOST must be the hub's name or address, not '$host'."
    [[ $contact == ?*@?*.?* ]] || die "MATTHAN_CONTACT must be an address for mail, not '$contact'."
}

# Every key of the hub's configuration is also one of the environment; what is set there wins.
configure() {
    need_names
    export MATTHAN_HUB__WEB__PUBLIC_URL="${MATTHAN_HUB__WEB__PUBLIC_URL:-https://$host}"
    export MATTHAN_HUB__WEB__UPLOAD_URL="${MATTHAN_HUB__WEB__UPLOAD_URL:-https://$host:$upload_port/upload}"
    export MATTHAN_HUB__PUSH__SUBJECT="${MATTHAN_HUB__PUSH__SUBJECT:-mailto:$contact}"
    export MATTHAN_HUB__BROKER__CA_FILE="$data/ca/ca.crt"
    export MATTHAN_HUB__BROKER__CERT_FILE="$data/ca/hub.crt"
    export MATTHAN_HUB__BROKER__KEY_FILE="$data/ca/hub.key"
    export MATTHAN_HUB__ENROL__CRL_FILE="$papers/broker/crl.pem"
}

# After a backup of another hub was brought back, what was issued here before is a stranger's.
is_ours() { openssl verify -CAfile "$data/ca/ca.crt" "$1" >/dev/null 2>&1; } # CERTIFICATE

list_is_ours() { openssl crl -in "$papers/broker/crl.pem" -CAfile "$data/ca/ca.crt" -noout 2>&1 | grep -q 'verify OK'; }

# Made once; for another host or by another authority those of broker and proxy are made anew.
make_papers() {
    local folder
    local hosts=(--server "$host" --server 127.0.0.1 --server localhost)
    # What the hub puts there is its reader's by the folder's group, which the image gives it.
    install -d -m 2750 "$papers/broker" "$papers/proxy"
    [[ -e $data/ca/ca.crt ]] || matthan-hub ca init "$data/ca" >/dev/null
    [[ -e $data/ca/hub.crt ]] || matthan-hub ca issue "$data/ca" hub >/dev/null
    for folder in broker proxy; do
        if [[ ! -e $papers/$folder/$folder.key || $(cat "$papers/$folder/host" 2>/dev/null) != "$host" ]] ||
            ! is_ours "$papers/$folder/$folder.crt"; then
            matthan-hub ca issue "$data/ca" "$folder" "${hosts[@]}" --into "$papers/$folder" >/dev/null
            printf '%s\n' "$host" >"$papers/$folder/host"
        fi
        chmod 640 "$papers/$folder/$folder.key"
        install -m 644 "$data/ca/ca.crt" "$papers/$folder/ca.crt"
    done
    list_is_ours || rm -f "$papers/broker/crl.pem" # the hub writes it whole when it starts
    [[ -e $papers/broker/crl.pem ]] ||
        matthan-hub ca list "$data/ca" --into "$papers/broker/crl.pem" >/dev/null
    matthan-hub migrate >/dev/null
    echo "Papers and database are ready. First keeper: compose exec hub start officer invite LOGIN --role keeper"
}

# When papers or the list of revoked ones change, the program that reads them is told so.
tell_of_news() { # SIGNAL FILE... -- PROGRAM...
    local signal=$1 files=() before now child
    shift
    while [[ $1 != -- ]]; do files+=("$1") && shift; done
    shift
    before=$(stat -c %Y.%i "${files[@]}")
    "$@" &
    child=$!
    trap 'kill -TERM "$child" 2>/dev/null' TERM INT
    while kill -0 "$child" 2>/dev/null; do
        now=$(stat -c %Y.%i "${files[@]}" 2>/dev/null) || now=$before
        [[ $now == "$before" ]] || kill "-$signal" "$child" || true
        before=$now
        sleep 2 &
        wait $! || true
    done
    wait "$child"
}

caddyfile() { # TLS
    cat <<CADDY
{
    admin off
    skip_install_trust
    https_port 4443
    auto_https disable_redirects
    # Who asks by an address names no host, and the address in here is another than the one outside.
    default_sni $host
}
https://$host:4443 {
    tls $papers/proxy/proxy.crt $papers/proxy/proxy.key {
        protocols $1
    }
    reverse_proxy 127.0.0.1:8080 {
        flush_interval -1
    }
}
https://$host:$upload_port {
    tls $papers/proxy/proxy.crt $papers/proxy/proxy.key {
        protocols tls1.3
    }
    @nodes path /upload /upload/* /enrol /enrol/*
    handle @nodes {
        reverse_proxy 127.0.0.1:8080
    }
    respond 404
}
CADDY
}

daily() {
    while true; do
        matthan-hub ca renew "$data/ca" "$data/ca/hub.crt" "$papers/broker/broker.crt" \
            "$papers/proxy/proxy.crt" || true
        matthan-hub backup "$data/backups" --keep 14 || true
        sleep 86400 &
        wait $!
    done
}

case ${1:-hub} in
    papers) configure && make_papers ;;
    broker)
        rm -f /var/lib/matthan-broker/mosquitto.db # of 0.2.0, whose broker kept what nodes had said
        tell_of_news HUP "$papers/broker/crl.pem" "$papers/broker/broker.crt" -- \
            mosquitto -c /etc/matthan/broker/mosquitto.conf
        ;;
    hub) configure && exec matthan-hub run ;;
    proxy)
        need_names
        export XDG_DATA_HOME=/var/lib/matthan-proxy XDG_CONFIG_HOME=/var/lib/matthan-proxy
        caddyfile "${2:-${MATTHAN_TLS:-tls1.3}}" >/tmp/Caddyfile
        tell_of_news TERM "$papers/proxy/proxy.crt" -- \
            caddy run --config /tmp/Caddyfile --adapter caddyfile
        ;;
    daily) configure && install -d -m 700 "$data/backups" && daily ;;
    *) configure && exec matthan-hub "$@" ;;
esac
