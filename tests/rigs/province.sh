#!/usr/bin/env bash
# A province on the loopback of one machine, from Debian's packages: three etcd, three PostgreSQL under
# Patroni, OpenStack Swift in three zones with its S3 API, three Mosquitto, four processes of the hub by roles,
# Caddy before them. docs/guide/province.en.md says which part stands on which machine in a real province.
#
#   tests/rigs/province.sh build [FOLDER]         build what is missing
#   tests/rigs/province.sh up [FOLDER]            the same, and start what does not run
#   tests/rigs/province.sh check [FOLDER]         check whether each part works
#   tests/rigs/province.sh names [FOLDER]         list the parts, and whether they run
#   tests/rigs/province.sh kill NAME [FOLDER]     kill a part as a loss of power does; NAME may be 'swift-*-2', leader, follower,
#                                                  or of the leader postgres or patroni alone
#   tests/rigs/province.sh start NAME [FOLDER]    start the part again
#   tests/rigs/province.sh stop [FOLDER]          stop every part; the data stay
#   tests/rigs/province.sh remove [FOLDER]        stop, and delete the folder
#
# FOLDER is /var/tmp/matthan-province by default, and everything is below it: packages too, which are
# unpacked and not installed, so no service of this machine starts, and nothing needs root. As root,
# PostgreSQL runs as the user postgres or nobody, who must be able to enter FOLDER. Ports are free ones
# from 21000 on. Needs .venv (deploy/setup.sh test), some 2 GB of memory and 500 MB of disk.
set -euo pipefail
# Longer lists are larger provinces: a broker, or a process of the hub, is one line more.
readonly brokers=(
    broker-1
    broker-2
    broker-3
)
readonly hubs=(
    "hub-1 intake,notify"
    "hub-2 intake,notify"
    "hub-3 web,chores"
    "hub-4 web,chores"
)
readonly three=(1 2 3)
readonly packages=(patroni python3-etcd etcd-server etcd-client postgresql-17 mosquitto caddy memcached
    swift-proxy swift-account swift-container swift-object)
# Needed by their packages' scripts or services alone.
readonly not_wanted='^(openstack-pkg-tools|intltool-debian|po-debconf|rsyslog|logrotate|uwsgi-.*|docutils-common)$'

cd "$(dirname "$0")/../.."
readonly source=$PWD host=127.0.0.1
note() { printf '── %s\n' "$*"; }
die() { printf 'province: %s\n' "$*" >&2 && exit 1; }

# ── parts: a command each, started in a session of its own

port() { # NAME: its port, chosen once
    awk -v name="$1" '$1 == name { print $2 }' "$folder/ports" | grep . && return
    # Below those that the kernel gives to outgoing connections, which could take one of a killed part.
    python3 - "$folder/ports" "$1" <<'PYTHON'
import pathlib, socket, sys
ports, name = pathlib.Path(sys.argv[1]), sys.argv[2]
taken = {int(line.split()[1]) for line in ports.read_text().splitlines()}
for port in range(21000, 32000):
    with socket.socket() as probe:
        if port not in taken and probe.connect_ex(("127.0.0.1", port)) != 0:
            break
with ports.open("a") as out:
    out.write(f"{name} {port}\n")
print(port)
PYTHON
}

# With the file `has-lines` in FOLDER, parts reach one another through ports that whoever made it carries on and
# may cut (tests/faults/province.py); each is in the list of ports as CLIENT>SERVER.
line() { port "$([[ ! -e $folder/has-lines ]] || echo "$1>")$2"; } # CLIENT SERVER: the port by which it is reached

part() { # NAME COMMAND...: how it is started, now and again
    { echo '#!/bin/bash' && printf 'exec' && printf ' %q' "${@:2}" && echo; } >"$folder/run/$1"
    chmod 755 "$folder/run/$1"
}

began() { # PID: when its process began, by the kernel's ticks; nothing if it has ended
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

pid_of() { # NAME: nothing unless it runs; a number may have come to another process since
    local pid at
    read -r pid at 2>/dev/null <"$folder/run/$1.pid" && [[ $(began "$pid") == "$at" ]] && echo "$pid"
}

runs() { pid_of "$1" >/dev/null; } # NAME

start() { # NAME
    [[ -x $folder/run/$1 ]] || die "no part is called $1: $(names_of '*' | tr '\n' ' ')"
    ! runs "$1" || return 0
    # In a folder that the user of PostgreSQL may enter: Patroni's child changes into the one it began in,
    # and a checkout below /root is closed to others.
    (cd "$folder" && exec setsid "$folder/run/$1" >>"$folder/log/$1" 2>&1 </dev/null) &
    echo "$! $(began $!)" >"$folder/run/$1.pid"
}

names_of() { # PATTERN: of names, or `leader`, `follower`, or of the leader `postgres` or `patroni`
    local file
    [[ $1 != leader && $1 != follower ]] || { "$1" && return; }
    [[ $1 != postgres && $1 != patroni ]] || { leader && return; }
    for file in "$folder"/run/*; do
        # shellcheck disable=SC2053 # a pattern
        [[ $file == *.pid || ${file##*/} != $1 ]] || echo "${file##*/}"
    done
}

processes() { # NAME [postgres|patroni]: its own, and those of its PostgreSQL, which begins a session for itself
    local pid
    [[ ${2-} == postgres ]] || pid_of "$1" || true
    [[ ${2-} != patroni && $1 == pg-* && -e $folder/$1/data/postmaster.pid ]] || return 0
    pid=$(head -n 1 "$folder/$1/data/postmaster.pid")
    [[ $(readlink "/proc/$pid/cwd") == "$folder/$1/data" ]] || return 0 # the file outlives its process
    echo "$pid"
    ps -o pid= --ppid "$pid" || true
}

end() { # SIGNAL NAME [postgres|patroni]
    local pid
    for pid in $(processes "$2" "${3-}"); do
        kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null || true
    done
}

ask_to_end() { ! runs "$1" || kill -TERM "$(pid_of "$1")" 2>/dev/null || true; } # NAME

see_end() { # NAME
    local tries=0
    while runs "$1"; do
        ((++tries < 225)) || { note "$1 does not end and is killed" && break; }
        sleep 0.2
    done
    end KILL "$1"
    rm -f "$folder/run/$1.pid"
}

await() { # WHAT PATTERN COMMAND...: while the parts of that name run
    local until=$((SECONDS + 600)) name
    note "waiting, ten minutes at most: $1"
    until "${@:3}" >>"$folder/log/await" 2>&1; do
        for name in $(names_of "$2"); do runs "$name" || die "$name ended: $(tail -n 3 "$folder/log/$name")"; done
        ((SECONDS < until)) || die "NOT SO: $1. Last: $(tail -n 1 "$folder/log/await"). See $folder/log"
        sleep 0.5
    done
    note "so it is: $1"
}

# ── packages

unpack() {
    local wanted package
    [[ ! -e $debian/made ]] || return 0
    note "Debian's packages are unpacked"
    mkdir -p "$folder/packages" "$debian"
    wanted=$(apt-get install --simulate --no-install-recommends "${packages[@]}" | awk '/^Inst/ { print $2 }') ||
        die "apt-get knows no ${packages[*]}: this needs Debian 13, and apt-get update."
    mapfile -t wanted < <(grep -vE "$not_wanted" <<<"$wanted")
    (cd "$folder/packages" && apt-get -o APT::Sandbox::User=root download -qq "${wanted[@]}")
    for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$debian"; done
    # Swift reads it while it is imported, before any setting counts; /etc is not ours.
    sed -i "s|/etc/swift/swift.conf|$folder/swift/swift.conf|" "$debian"/usr/lib/python3/dist-packages/swift/common/utils/__init__.py
    touch "$debian/made"
}

in_debian() { env "${environment[@]}" "$@"; }                                     # COMMAND...: with what was unpacked
debian_part() { part "$1" env - "${environment[@]}" "HOME=$folder" "${@:2}"; } # NAME COMMAND...

# shellcheck source=tests/rigs/province/engines.sh
source tests/rigs/province/engines.sh

# ── certificates, hub, proxy

hub_cli() { .venv/bin/python -m hub "$@" --config "$folder/hub-1/hub.toml"; }

make_papers() {
    local name names=(--server "$host" --server localhost)
    [[ -e $folder/ca/ca.key ]] || hub_cli ca init "$folder/ca" >/dev/null
    for name in hub hub.2; do # of each process with the intake, which takes a free one
        [[ -e $folder/ca/$name.key ]] || hub_cli ca issue "$folder/ca" "$name" >/dev/null
    done
    for name in "${brokers[@]}" caddy; do
        mkdir -p "$folder/$name"
        [[ -e $folder/$name/$name.key ]] || hub_cli ca issue "$folder/ca" "$name" "${names[@]}" --into "$folder/$name" >/dev/null
    done
    [[ -e $folder/crl.pem ]] || hub_cli ca list "$folder/ca" --into "$folder/crl.pem" >/dev/null
}

further() { for name in "${brokers[@]:1}"; do printf '"%s:%s", ' "$host" "$(line "$1" "$name")"; done | sed 's/, $//'; } # NAME

hub_toml() { # NAME
    cat <<TOML
[store]
url = "postgresql+psycopg://matthan:$password@/matthan?host=$host,$host,$host&port=$(lines_to "$1" pg)&target_session_attrs=read-write&connect_timeout=3"
media_folder = "$folder/$1/media"
media_url = "s3+http://$host:$(line "$1" s3)/footage/media"
media_key_file = "$folder/bucket.key"
[broker]
host = "$host"
port = $(line "$1" "${brokers[0]}")
further = [$(further "$1")]
ca_file = "$folder/ca/ca.crt"
cert_file = "$folder/ca/hub.crt"
key_file = "$folder/ca/hub.key"
[web]
host = "$host"
port = $(port "$1")
public_url = "https://$host:$(port pages)"
upload_url = "https://$host:$(line nodes uploads)/upload"
[push]
subject = "mailto:keeper@example.vn"
allows_local = true
[secrets]
folder = "$folder/secrets"
[enrol]
crl_file = "$folder/crl.pem"
TOML
}

make_hubs() {
    local line name roles
    for line in "${hubs[@]}"; do
        read -r name roles <<<"$line"
        mkdir -p "$folder/$name"
        (umask 077 && hub_toml "$name" >"$folder/$name/hub.toml")
        part "$name" env -C "$source" PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 "$source/.venv/bin/python" -m hub run \
            --config "$folder/$name/hub.toml" --roles "$roles" --port "$(port "$name")"
    done
}

webs() { for line in "${hubs[@]}"; do [[ $line != *web* ]] || printf '%s:%s ' "$host" "$(line caddy "${line%% *}")"; done; }

make_caddy() {
    local to
    to="reverse_proxy $(webs) {
            lb_policy round_robin
            lb_try_duration 5s
            fail_duration 5s
            health_uri /health
            health_interval 2s
            health_timeout 5s
            flush_interval -1
        }"
    cat >"$folder/caddy/Caddyfile" <<CADDY
{
    admin off
    skip_install_trust
    auto_https disable_redirects
    default_sni $host
}
https://$host:$(port pages) {
    bind $host
    tls $folder/caddy/caddy.crt $folder/caddy/caddy.key
    $to
}
# Camera boxes trust the hub's own authority.
https://$host:$(port uploads) {
    bind $host
    tls $folder/caddy/caddy.crt $folder/caddy/caddy.key
    @nodes path /upload /upload/* /enrol /enrol/*
    handle @nodes {
        $to
    }
    respond 404
}
CADDY
    debian_part caddy env "XDG_DATA_HOME=$folder/caddy" "XDG_CONFIG_HOME=$folder/caddy" \
        caddy run --config "$folder/caddy/Caddyfile" --adapter caddyfile
}

asked() { curl --silent --max-time 5 --cacert "$folder/ca/ca.crt" "$@"; }
answer_of() { asked -o /dev/null -w '%{http_code}' "$1" || true; } # URL: a status, 000 without an answer
is_well() {                                                       # URL
    local code
    code=$(answer_of "$1")
    [[ $code == 200 ]] || { echo "$1 answers $code" && return 1; }
}

# ── what is asked for

build() {
    [[ -x .venv/bin/python ]] || die "there is no .venv: deploy/setup.sh test"
    mkdir -p "$folder"/{run,log}
    touch "$folder/ports"
    chmod 711 "$folder"
    [[ -e $folder/password ]] || (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$folder/password")
    password=$(cat "$folder/password")
    unpack
    make_etcd && make_postgres && make_swift && make_hubs && make_papers && make_brokers && make_caddy
}

up() {
    local n line
    build
    for n in "${three[@]}"; do start "etcd-$n"; done
    await "etcd has a leader" 'etcd-*' is_well "http://$host:$(port etcd-1)/health"
    for n in "${three[@]}"; do start "pg-$n"; done
    start swift-cache
    for n in "${three[@]}"; do start "swift-account-$n" && start "swift-container-$n" && start "swift-object-$n"; done
    start swift-proxy
    for n in "${brokers[@]}"; do start "$n"; done
    await "PostgreSQL has a leader" 'pg-*' of_leader "SELECT 1"
    await "two PostgreSQL follow it, one of them in step" 'pg-*' has_followers
    [[ $(of_leader "SELECT count(*) FROM pg_database WHERE datname = 'matthan'") == 1 ]] || {
        of_leader "CREATE ROLE matthan LOGIN PASSWORD '$password'"
        of_leader "CREATE DATABASE matthan OWNER matthan TEMPLATE template0"
    }
    await "Swift stores" 'swift-*' is_well "http://$host:$(port s3)/healthcheck"
    await "Swift has the bucket" 'swift-*' bucket make
    [[ -e $folder/founded ]] || found
    for line in "${hubs[@]}"; do start "${line%% *}"; done
    start caddy
    for line in "${hubs[@]}"; do await "$line is well" "${line%% *}" is_well "http://$host:$(port "${line%% *}")/health"; done
    await "the pages answer behind Caddy" caddy is_well "https://$host:$(port pages)/health"
    say_how
}

found() {
    hub_cli migrate >/dev/null
    hub_cli area add "Xã Tân Khai" --level commune >/dev/null
    hub_cli officer invite keeper --role keeper >"$folder/keeper"
    hub_cli grant add keeper --area "Xã Tân Khai" --reason rig \
        --rights see,clips,alerted,live,search,export,manage,reporters >/dev/null
    touch "$folder/founded"
}

say_how() {
    cat <<TEXT

Pages:    https://$host:$(port pages)   (certificate of $folder/ca/ca.crt)
Keeper:   $(grep -o 'https://[^ ]*' "$folder/keeper" | head -n 1)
Logs:     $folder/log
Check:    tests/rigs/province.sh check $folder
Lose one: tests/rigs/province.sh kill leader $folder      (or hub-1, broker-1, 'swift-*-2', etcd-3 …)
Back:     tests/rigs/province.sh start NAME $folder
Stop:     tests/rigs/province.sh stop $folder
TEXT
}

so() { # WHAT COMMAND...
    if "${@:2}" >"$folder/log/check" 2>&1; then printf 'ok   %s\n' "$1"; else
        printf 'BAD  %s: %s\n' "$1" "$(tail -n 1 "$folder/log/check")"
        is_bad=1
    fi
}

is_guarded() { [[ $(answer_of "$1") == 4* ]]; } # URL: who is no camera box is refused

check() {
    local n line is_bad=0
    for n in "${three[@]}"; do so "etcd-$n answers, and has a leader" is_well "http://$host:$(port "etcd-$n")/health"; done
    for n in "${three[@]}"; do so "pg-$n runs and follows, or leads" is_well "http://$host:$(port "patroni-$n")/health"; done
    so "two PostgreSQL follow, one of them in step" has_followers
    for n in "${three[@]}"; do
        for line in account container object; do
            so "swift-$line-$n" is_well "http://$host:$(port "swift-$line-$n")/healthcheck"
        done
    done
    so "Swift gives back what it was given" bucket try
    for line in "${hubs[@]}"; do so "$line" is_well "http://$host:$(port "${line%% *}")/health"; done
    so "the pages answer behind Caddy" is_well "https://$host:$(port pages)/health"
    so "the camera boxes' port answers boxes" is_guarded "https://$host:$(port uploads)/upload"
    so "matthan-hub check" hub_cli check
    grep -E '^BAD' "$folder/log/check" || true
    note "the database's servers"
    patroni_lists
    return "$is_bad"
}

stop() {
    local kind name
    for kind in caddy 'hub-*' 'broker-*' 'swift-*' 'pg-*' 'etcd-*'; do
        for name in $(names_of "$kind"); do ask_to_end "$name"; done
        for name in $(names_of "$kind"); do see_end "$name"; done
    done
    note "all is stopped; the data are in $folder"
}

act=${1-}
case $act in
    kill | start) what=${2:?a name} folder=${3-} ;;
    build | up | check | names | stop | remove) folder=${2-} ;;
    *) sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p}' "$0" && exit 2 ;;
esac
folder=$(realpath -m "${folder:-/var/tmp/matthan-province}")
debian=$folder/debian
readonly environment=("PATH=$debian/usr/bin:$debian/usr/sbin:/usr/bin:/usr/sbin:/bin:/sbin" LANG=C.UTF-8
    "PYTHONPATH=$debian/usr/lib/python3/dist-packages" PYTHONWARNINGS=ignore
    "LD_LIBRARY_PATH=$debian/usr/lib/$(uname -m)-linux-gnu")
[[ $act == build || $act == up || -e $folder/ports ]] || die "nothing was built in $folder: tests/rigs/province.sh up $folder"
[[ ! -e $folder/password ]] || password=$(cat "$folder/password")
case $act in
    build | up | check | stop) "$act" ;;
    names) for name in $(names_of '*'); do printf '%-20s %s\n' "$name" "$(runs "$name" && echo runs || echo -)"; done ;;
    kill) for name in $(names_of "$what"); do end KILL "$name" "$what" && note "$name is killed"; done ;;
    start) for name in $(names_of "$what"); do start "$name" && note "$name is started"; done ;;
    remove) stop && rm -rf -- "$folder" ;;
esac
