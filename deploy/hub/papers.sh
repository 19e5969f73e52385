# shellcheck shell=bash disable=SC2154 # sourced by the hub's installer, which sets what is used here
# The hub's authority, and the certificates of hub, broker and proxy on this machine.

# The authority is made once. Its papers are made where they are missing, or lack a name of this machine.
make_papers() {
    local folder hosts
    mapfile -t hosts < <(names_here | sed 's/^/--server\n/')
    [[ -e $data/ca/ca.crt && -e $data/ca/ca.key ]] || hub ca init "$data/ca" >/dev/null
    is_pair "$data/ca/hub" || hub ca issue "$data/ca" hub >/dev/null
    for folder in broker proxy; do
        if ! is_pair "$papers/$folder/$folder" || ! is_ours "$papers/$folder/$folder.crt" ||
            ! names_all "$papers/$folder/$folder.crt"; then
            hub ca issue "$data/ca" "$folder" "${hosts[@]}" --into "$papers/$folder" >/dev/null
        fi
        runuser -u matthan -- chmod 640 "$papers/$folder/$folder.key"
        put_file "$data/ca/ca.crt" "$papers/$folder/ca.crt" 644 "matthan:matthan-$folder"
    done
    list_is_ours || rm -f "$papers/broker/crl.pem" # the hub writes it whole when it starts
    hub ca list "$data/ca" --into "$papers/broker/crl.pem" >/dev/null
    put_site_pair
}

names_here() { printf '%s\n' "$host" ${own_name:+"$own_name"} localhost 127.0.0.1 | awk '!seen[$0]++'; }

names_all() { # CERTIFICATE
    local name
    while read -r name; do names_host "$1" "$name" || return 1; done < <(names_here)
}

is_pair() { # PATH WITHOUT SUFFIX
    [[ -s $1.crt && -s $1.key ]] &&
        [[ $(openssl x509 -in "$1.crt" -noout -pubkey) == "$(openssl pkey -in "$1.key" -pubout)" ]]
}

# After a backup of another machine was brought back, what was issued here before is a stranger's.
is_ours() { openssl verify -CAfile "$data/ca/ca.crt" "$1" >/dev/null 2>&1; } # CERTIFICATE

list_is_ours() { openssl crl -in "$papers/broker/crl.pem" -CAfile "$data/ca/ca.crt" -noout 2>&1 | grep -q 'verify OK'; }
