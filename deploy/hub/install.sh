#!/usr/bin/env bash
# Installs the hub on this Debian 12 or 13, or upgrades an installed hub to this version.
#
#   deploy/hub/install.sh --host hub.example.vn --contact keeper@example.vn
#   deploy/hub/install.sh                      upgrade; earlier choices are kept
#   deploy/hub/install.sh certificate --cert FILE --key FILE    replace the organisation's certificate
#   deploy/hub/install.sh uninstall            remove programs and units, keep data and configuration
#   deploy/hub/install.sh uninstall --with-data    remove the data too. It lists what goes and stays, asks,
#                      and refuses while footage is held
#
#   --yes              with uninstall --with-data: ask nothing
#   --with-held-footage    with uninstall --with-data: also what is held for cases
#
#   --host NAME        the name or address at which phones and nodes reach this machine
#   --own-name NAME    where several machines share the name of --host: this one's own, at which the
#                      others and the nodes reach its broker (docs/guide/province.en.md)
#   --contact MAIL     the mail address that push services write to if there is a problem
#   --database KIND    sqlite (the default, for a town) or postgresql (on this machine)
#   --https KIND       own: the hub's own authority, which phones must trust (the default)
#                      acme: a public certificate for NAME; port 80 must be open
#                      dns: a public certificate proved by a DNS record: --dns PROVIDER --dns-env FILE
#                      as lego knows them (rfc2136 for your own name server); port 80 may be closed
#                      files: your organisation's certificate, with --cert FILE --key FILE
#                      none: your own proxy stands in front of the hub
#   --acme URL         the directory of a public authority other than Let's Encrypt
#   --tls VERSION      1.3 (the default), or 1.2 to allow phones from before 2019 too
#   --keeper LOGIN     the login of the first keeper (default: keeper)
#   --area NAME        the commune or ward that the hub serves (default: Xã)
#   --backup-key KEY   the public half (age1...) of a backup key that there is, such as that of this hub's
#                      first machine. Without it one is made on a terminal, and shown there once
#   --map FILE         a map to show under the cameras, as a PMTiles archive
#   --bundle FOLDER    wheels to install from, without a network
#
# The programs are installed from a wheel. A release has it in its folder `wheels`; in a git clone,
# deploy/wheels.sh builds it into `dist`.
#
# Needs root. It lists the servers that already run, and changes none of them; with --database
# postgresql it adds a role and a database called matthan to PostgreSQL. Run it again after an
# interruption.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly here
readonly data=/var/lib/matthan papers=/var/lib/matthan-papers etc=/etc/matthan
readonly proxy_state=/var/lib/matthan-proxy proxy_owner=matthan-proxy:matthan-proxy
readonly config=$etc/hub.toml choices=$etc/install.conf
readonly templates=(matthan-hub@.service)
readonly units=(matthan-hub.service matthan-broker.service matthan-broker-reload.{path,service}
    matthan-proxy.service matthan-proxy-reload.{path,service} matthan-renew.{service,timer}
    matthan-certificate.{service,timer} matthan-upgrade.service
    matthan-backup.{service,timer} matthan-hub-check.{service,timer})
# shellcheck source=deploy/dots.sh
source "$here/deploy/dots.sh"
# shellcheck source=deploy/installing.sh
source "$here/deploy/installing.sh"
# shellcheck source=deploy/machine.sh
source "$here/deploy/machine.sh"
# shellcheck source=deploy/hub/pages.sh
source "$here/deploy/hub/pages.sh"
# shellcheck source=deploy/hub/papers.sh
source "$here/deploy/hub/papers.sh"

host='' own_name='' contact='' database='' https='' cert='' key='' keeper=keeper area=Xã bundle=''
dns='' dns_env='' acme='' tls='' map='' backup_key=''
upload_port=8443

read_choices() { # of an earlier run; those of this one come after
    [[ -r $choices ]] || return 0
    local name value
    while IFS='=' read -r name value; do
        case $name in
            host) host=$value ;;
            own_name) own_name=$value ;;
            contact) contact=$value ;;
            database) database=$value ;;
            https) https=$value ;;
            dns) dns=$value ;;
            acme) acme=$value ;;
            tls) tls=$value ;;
        esac
    done <"$choices"
}

read_arguments() {
    while (($#)); do
        (($# > 1)) || die "$1 wants a word after it. See: $0 --help"
        case $1 in
            --host) host=$2 ;;
            --own-name) own_name=$2 ;;
            --contact) contact=$2 ;;
            --database) database=$2 ;;
            --https) https=$2 ;;
            --cert) cert=$2 ;;
            --key) key=$2 ;;
            --dns) dns=$2 ;;
            --dns-env) dns_env=$2 ;;
            --acme) acme=$2 ;;
            --tls) tls=$2 ;;
            --keeper) keeper=$2 ;;
            --area) area=$2 ;;
            --map) map=$2 ;;
            --backup-key) backup_key=$2 ;;
            --bundle) bundle=$2 ;;
            *) die "Not understood: $1. See: $0 --help" ;;
        esac
        shift 2
    done
    : "${database:=sqlite}" "${https:=own}" "${tls:=1.3}"
}

check_choices() {
    [[ -n $host ]] || die "Say by which name phones and nodes reach this hub: --host hub.example.vn"
    [[ $host =~ ^[A-Za-z0-9.:-]+$ ]] || die "'$host' is no host: a name or an address, no path, no port."
    [[ $own_name =~ ^[A-Za-z0-9.:-]*$ ]] || die "'$own_name' is no name of a machine: a name or an address, no path, no port."
    [[ $contact =~ ^[^@[:space:]]+@[^@[:space:]]+$ ]] ||
        die "Say whom a push service may write to: --contact keeper@example.vn"
    case $database in sqlite | postgresql) ;; *) die "--database is sqlite or postgresql, not '$database'." ;; esac
    check_https
    [[ $backup_key =~ ^(age1[a-z0-9]{58})?$ ]] ||
        die "--backup-key is the public half of a backup key, age1 and 58 more letters; never the private one."
    [[ -z $map || (-f $map && -r $map) ]] || die "There is no file $map. Give --map a PMTiles archive."
    [[ -z $bundle || -d $bundle ]] || die "There is no folder $bundle. Give --bundle the folder of the wheels."
}

# What runs here already is named, and left alone.
look_around() {
    local port ports=(8883)
    if systemctl is-active --quiet mosquitto.service 2>/dev/null; then
        say "A Mosquitto runs here (mosquitto.service). It is left as it is: the hub has one of its own, matthan-broker.service."
    fi
    if [[ $database == postgresql ]] && compgen -G '/var/run/postgresql/.s.PGSQL.*' >/dev/null; then
        say "A PostgreSQL runs here. A role and a database called matthan are added to it; nothing else is changed."
    fi
    [[ $https == none ]] || ports+=(80 443 "$upload_port")
    [[ -e $config ]] || ports+=(8080) # of the hub itself; later it is its own, or configured otherwise
    for port in "${ports[@]}"; do
        if ! is_taken "$port" || ours_has "$port"; then continue; fi
        case $port in
            8883) die "Port 8883 is taken by $(holder "$port"). Stop it or give it another port: nodes speak to this one." ;;
            8080) die "Port 8080 is taken by $(holder "$port"). Stop it or give it another port: the hub's pages are served there, for the proxy." ;;
            *) die "Port $port is taken by $(holder "$port"), which is left alone. Give it another port, or let it stand in front of the hub: --https none" ;;
        esac
    done
}

ours_has() { # PORT
    [[ $(holder "$1") =~ mosquitto|caddy ]] && systemctl is-active --quiet matthan-broker.service
}

packages() {
    cat "$here/deploy/hub/packages.txt"
    [[ $https == none ]] || echo caddy
    [[ $https != acme && $https != dns ]] || echo lego
    if [[ $database == postgresql ]]; then
        echo postgresql
    elif grep -qsE '^url *= *"postgresql' "$config"; then # on other machines; an upgrade keeps it by pg_dump
        echo postgresql-client
    fi
}

make_users() {
    make_user matthan "$data"
    make_user matthan-broker /var/lib/matthan-broker
    make_user matthan-proxy /var/lib/matthan-proxy
}

make_folders() {
    install -d -m 755 -o root -g root "$home" "$papers" "$etc"
    install -d -m 700 -o matthan -g matthan "$data" "$data/ca"
    # What the hub puts there is its reader's by the folder's group.
    install -d -m 2750 -o matthan -g matthan-broker "$papers/broker"
    install -d -m 2750 -o matthan -g matthan-proxy "$papers/proxy"
    install -d -m 750 -o root -g matthan-broker "$etc/broker" "$etc/broker/conf.d"
    install -d -m 750 -o root -g matthan-proxy "$etc/proxy"
    install -d -m 700 -o matthan-proxy -g matthan-proxy "$proxy_state"
}

hub() { runuser -u matthan -- "${slot:-$home/hub}/bin/matthan-hub" "$@"; }

database_url() {
    case $database in
        sqlite) echo "sqlite:///$data/hub.db" ;;
        postgresql) echo 'postgresql+psycopg:///matthan?host=/var/run/postgresql' ;;
    esac
}

prepare_database() {
    [[ $database == postgresql ]] || return 0
    systemctl enable --quiet --now postgresql.service
    wait_for "PostgreSQL answers" as_postgres psql -qAtc 'SELECT 1'
    [[ $(as_postgres psql -qAtc "SELECT 1 FROM pg_roles WHERE rolname = 'matthan'") == 1 ]] ||
        as_postgres createuser matthan
    [[ $(as_postgres psql -qAtc "SELECT 1 FROM pg_database WHERE datname = 'matthan'") == 1 ]] ||
        as_postgres createdb --owner matthan matthan
}

as_postgres() { (cd / && runuser -u postgres -- "$@"); }

write_configuration() {
    local url=https://$host name=$host
    [[ $host != *:* ]] || name="[$host]" url="https://[$host]"
    if [[ -e $config ]]; then
        say "$config is kept as it is."
        grep -qF "\"$url\"" "$config" ||
            say "Its web.public_url is not $url: the hub still gives phones and boxes the name that stands there. Change it and web.upload_url, then: systemctl try-restart 'matthan-hub*.service'"
        [[ $database == sqlite ]] || grep -qE '^url *= *"postgresql' "$config" ||
            say "Its database is SQLite still: --database postgresql brings PostgreSQL, and moves no data. See store.url there."
    else
        put_text "$config" 640 root:matthan <<TOML
# The hub of $host. Every key and what it does: $home/hub/share/matthan/hub.example.toml
[store]
url = "$(database_url)"

[broker]
host = "127.0.0.1"
ca_file = "$data/ca/ca.crt"
cert_file = "$data/ca/hub.crt"
key_file = "$data/ca/hub.key"

[web]
public_url = "$url"
upload_url = "https://$name:$upload_port/upload"

[enrol]
crl_file = "$papers/broker/crl.pem"

[push]
subject = "mailto:$contact"
TOML
    fi
    put_text "$choices" 644 root:root <<CONF
host=$host
own_name=$own_name
contact=$contact
database=$database
https=$https
dns=$dns
acme=$acme
tls=$tls
CONF
    put_file "$here/deploy/hub/mosquitto.conf" "$etc/broker/mosquitto.conf" 640 root:matthan-broker
    put_file "$here/deploy/hub/broker.access" "$etc/broker/access" 640 root:matthan-broker
    # shellcheck disable=SC2310 # an empty answer is one
    [[ $https == none ]] || caddyfile "$name" | put_text "$etc/proxy/Caddyfile" 640 root:matthan-proxy
}

# A hub that runs is backed up before a new version touches its database. Programs and database of two
# versions are of a run that was cut off after its backup, or of a hub that another machine upgraded.
back_up_first() {
    local said
    [[ -e $home/hub && -e $config && -e $data/ca/ca.key ]] || return 0
    grep -qE '^url *= *"postgresql' "$config" || [[ -s $data/hub.db ]] || return 0
    hub --help >/dev/null 2>&1 || { say "The programs that are here do not run, so no backup is made." && return; }
    install -d -m 700 -o matthan -g matthan "$data/backups"
    say "A backup of what is here, before anything is changed …"
    ! said=$(hub backup "$data/backups" --keep 14 2>&1) || return 0
    said=${said##*$'\n'}
    if [[ $said =~ $two_versions || ! -e $data/keeper-made ]]; then
        say "No backup was made ($said); what was begun goes on."
    else
        die "The backup did not succeed: $said. Nothing was changed. Mend that and run this again; to go on without a backup, first: rm $home/hub"
    fi
}
readonly two_versions='written by a newer hub|Run: matthan-hub migrate'

# A hub of an older version sent to any address; what is in use on the own network goes on.
list_private_hosts() {
    local line
    ! grep -q '^private_hosts' "$config" || return 0
    # shellcheck disable=SC2310 # it also names what does not run yet
    line=$(hub check 2>&1 | grep -oE 'private_hosts = \[.*\]$') || true
    [[ -n $line ]] || return 0
    sed -i "/^\[push\]/a $line" "$config"
    listed=yes
    say "Listed in $config, since phones are reached there: $line"
}

# What runs the hub here: the whole of it, or the processes of the roles that the keeper enabled.
hub_units() {
    local found=(/etc/systemd/system/multi-user.target.wants/matthan-hub@*.service)
    [[ -L ${found[0]} ]] || found=(matthan-hub.service)
    printf '%s\n' "${found[@]##*/}"
}

# An upgrade is tried in its slot first, then on trial, see hub/app/upgrade/steps.py. What was begun and
# not completed is taken back by the end of this program, by its next run, or at the next boot.
upgrading='' listed=''
upgrade() { /usr/bin/python3 "$home/hub-upgrade/steps.py" "$@"; }

complete_upgrade() {
    [[ ! -e $home/hub-upgrade/steps.py ]] || upgrade resume || die "An upgrade that was cut off could not be completed (see above)."
}

begin_upgrade() {
    [[ -L $home/hub && -e $data/keeper-made && $(readlink -f "$home/hub") != "$slot" ]] || return 0
    put_units "$here/systemd" matthan-upgrade.service
    systemctl enable --quiet matthan-upgrade.service
    trap 'release_services; complete_upgrade' EXIT
    /usr/bin/python3 "$(in_slot "$slot" hub/app/upgrade/steps.py)" begin "$slot" ||
        die "This version was not taken (see above). The hub that runs was not touched."
    upgrading=yes
}

start_hub() {
    local parts
    mapfile -t parts < <(hub_units)
    if [[ -n $upgrading ]]; then
        upgrade go || die "This version was not taken (see above)."
        list_private_hosts
        [[ -z $listed ]] || systemctl restart "${parts[@]}" # it reads them at its start
    else
        systemctl stop --quiet matthan-hub.service 'matthan-hub@*.service' 2>/dev/null || true
        turn_slot hub
        hub migrate >/dev/null
        list_private_hosts
        systemctl restart "${parts[@]}"
    fi
    wait_for "the hub hears its broker" hub_hears
}

start_others() {
    local wanted=(matthan-broker.service matthan-broker-reload.path
        matthan-renew.timer matthan-backup.timer matthan-hub-check.timer)
    local parts
    mapfile -t parts < <(hub_units)
    put_units "$here/systemd" "${units[@]}" "${templates[@]}"
    install -D -m 644 "$here/systemd/journald-hub.conf" /etc/systemd/journald.conf.d/matthan.conf
    systemctl try-restart systemd-journald.service
    if [[ $https == none ]]; then
        systemctl disable --quiet --now matthan-proxy.service matthan-proxy-reload.path 2>/dev/null || true
    else
        wanted+=(matthan-proxy.service matthan-proxy-reload.path)
    fi
    if [[ $https == acme || $https == dns ]]; then
        install -d -m 755 -o root -g root "$home/bin"
        put_file "$here/deploy/hub/certificate.sh" "$home/bin/certificate" 755 root:root
        wanted+=(matthan-certificate.timer)
    else
        systemctl disable --quiet --now matthan-certificate.timer 2>/dev/null || true
    fi
    systemctl enable --quiet "${wanted[@]}" "${parts[@]}"
    install -d -m 755 "$home/broker"
    put_file "$(in_slot "$slot" "hub/intake/mqtt/guard-$(uname -m).so")" "$home/broker/guard.so" 644 root:root
    settle
    systemctl restart "${wanted[@]}"
    # Of 0.2.0, whose broker kept what nodes had said, and wrote it down when it was stopped just now.
    rm -f /var/lib/matthan-broker/mosquitto.db
}

# Where all names at the brokers are taken, this hub stands by. A process of one role says that it is
# ready, and the others say which role has none.
hub_hears() {
    [[ $(hub_units) != matthan-hub.service ]] ||
        systemctl show -p StatusText matthan-hub.service | grep -qE 'nodes are heard|stands by'
}

level_of() { # AREA: as its name begins
    case ${1,,} in
        phường* | phuong*) echo phường ;;
        tỉnh* | tinh*) echo tỉnh ;;
        thành\ phố* | thanh\ pho*) echo thành phố ;;
        *) echo xã ;;
    esac
}

# The hub's own user reads no file of root's. If it is refused, or the disk is full, all else goes on.
set_map() {
    [[ -n $map ]] || return 0
    { install -m 600 -o matthan -g matthan "$map" "$data/map.pmtiles" &&
        hub map set --tiles "$data/map.pmtiles" >&2; } ||
        say "The map stays as it was. Try again: sudo matthan-hub map set --tiles FILE"
    rm -f "$data/map.pmtiles"
}

# What a run that was cut off has done is found again: the area is refused, a new link replaces the old.
first_keeper() {
    local said
    [[ ! -e $data/keeper-made ]] || return 0
    said=$(hub area add "$area" --level "$(level_of "$area")" 2>&1) || [[ $said == *already* ]] || say "$said"
    if said=$(hub officer invite "$keeper" --role keeper 2>&1) &&
        hub grant add "$keeper" --area "$area" --rights "$all_rights" --reason "first keeper of this hub" >/dev/null; then
        runuser -u matthan -- touch "$data/keeper-made"
        printf '%s\n' "$said" >&2
    else
        say "$said"
        say "The first keeper could not be made (see above). Run this again."
    fi
}
readonly all_rights=see,clips,alerted,live,search,export,manage,reporters # who lacks one can give it to nobody

# Its private half goes to the terminal alone, and is kept nowhere. What is made without a terminal
# could be lost unseen, and the backups with it: check says what is missing.
set_backup_key() {
    if [[ -n $backup_key ]]; then
        hub secrets backup-key --public "$backup_key" >&2 || say "The backup key was not taken (see above)."
    elif [[ ! -e $data/secrets/backup.pub ]]; then
        hub secrets backup-key >&2 ||
            say "Until then backups hold the hub's keys in the clear: sudo matthan-hub secrets backup-key"
    fi
}

install_hub() {
    refuse_box
    read_choices
    read_arguments "$@"
    check_choices
    find_wheel "$here" "$bundle"
    need_debian
    need_room /opt 1500
    need_room /var/lib 2000
    look_around
    install_packages
    make_users
    make_folders
    complete_upgrade
    back_up_first
    fill_slot hub "$here" "$bundle"
    make_papers
    prepare_database
    begin_upgrade
    write_configuration
    start_others
    start_hub
    set_map
    fetch_certificate
    put_text /usr/local/bin/matthan-hub 755 root:root <<SH
#!/bin/sh
# Written by the hub's installer: as root it acts as the hub's own user, whose files they are.
[ "\$(id -u)" = 0 ] && exec runuser -u matthan -- $home/hub/bin/matthan-hub "\$@"
exec $home/hub/bin/matthan-hub "\$@"
SH
    first_keeper
    set_backup_key
    hub check >&2 || say "Something is wrong, see the lines that begin with BAD."
    say "The hub is at https://$host"
    [[ $https != own ]] || say "Phones must trust it first: $data/ca/ca.crt, see docs/guide/hub.en.md"
}

# The site's own certificate before it ends: nothing else is touched, and the proxy hears of it.
renew_site_pair() {
    read_choices
    read_arguments "$@"
    [[ $https == files ]] || die "Phones are shown the certificate of --https $https here, not one of files."
    check_choices
    [[ -n $cert ]] || die "Say which: --cert FILE --key FILE"
    put_site_pair
    say "Phones are shown it from now on. It holds until $(openssl x509 -in "$cert" -noout -enddate | cut -d = -f 2)."
}

say_what_goes() {
    say "This goes, for good: the programs, their users, and"
    say_sizes "$data" "$data/media" "$data/backups" "$papers" /var/lib/matthan-broker "$proxy_state" "$etc"
    say "This stays:"
    if grep -qsE '^url *= *"postgresql' "$config" || compgen -G '/var/run/postgresql/.s.PGSQL.*' >/dev/null; then
        say "  PostgreSQL with the hub's database in it. To remove that too: dropdb matthan, dropuser matthan"
    fi
    ! has_bucket || say "  the footage in the bucket of store.media_url"
    say_elsewhere "$config"
    say "  Debian's packages, and what the machine's log has"
}

has_bucket() { grep -qsE '^media_url *= *"[^"]' "$config"; }

# What lies in a bucket stays. What cannot be told counts as held.
refuse_held() {
    local said
    [[ -z $with_held && (-e $config || -e $data) ]] || return 0
    if has_bucket && [[ -z $(find "$data/media" -type f -print -quit 2>/dev/null) ]]; then return 0; fi
    said=$(hub hold list 2>&1) || held_stays "It cannot be told whether footage is held for a case (${said##*$'\n'})"
    [[ ${said##*$'\n'} == 'nothing is held' ]] || held_stays "Footage is held: $(head -n 3 <<<"$said" | cut -c 1-100 | tr '\n' ';') see: sudo matthan-hub hold list"
}

uninstall_hub() {
    read_uninstall "$@"
    if [[ -n $with_data ]]; then
        keep_both "camera box" "${of_box[@]}"
        say_what_goes
        refuse_held
        be_sure
    fi
    systemctl stop --quiet 'matthan-hub@*.service' 2>/dev/null || true
    systemctl disable --quiet "${templates[@]}" 2>/dev/null || true # of all its instances
    systemctl disable --quiet --now "${units[@]}" 2>/dev/null || true
    remove_units "${units[@]}" "${templates[@]}"
    [[ -n $(first_there "${of_box[@]}") ]] || rm -f /etc/systemd/journald.conf.d/matthan.conf
    rm -f /usr/local/bin/matthan-hub
    rm -rf "${home:?}"/hub "$home"/hub-* "${home:?}/bin" "${home:?}/broker"
    rmdir --ignore-fail-on-non-empty "$home" 2>/dev/null || true
    if [[ -n $with_data ]]; then
        rm -rf "$data" "$papers" /var/lib/matthan-broker "$proxy_state" "$etc"
        for user in matthan matthan-broker matthan-proxy; do userdel "$user" 2>/dev/null || true; done
        say "The hub is gone, with all that was listed."
    else
        say "The hub's programs are gone. Its data are in $data and $papers, its configuration in $etc."
    fi
}

need_root
case ${1-} in
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" ;;
    certificate) renew_site_pair "${@:2}" ;;
    uninstall) uninstall_hub "${@:2}" ;;
    *) install_hub "$@" ;;
esac
