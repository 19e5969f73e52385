#!/usr/bin/env bash
# Tries the hub's compose file with real containers: builds the image, runs all five parts with a
# read-only root and without capabilities, asks the pages and the port for nodes over TLS, invites a
# keeper, kills the hub as a power cut does and waits until it is back. It runs in a network of its
# own, so that it takes no port of this machine.
#
#   tests/rigs/containers.sh
#   BASE=docker.io/library/debian:trixie-slim tests/rigs/containers.sh    on the published base
#
# Needs root, podman, podman-compose and, without BASE, mmdebstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly image=localhost/matthan-hub project=matthan-rig-$$
readonly made=localhost/matthan-rig-base
export PODMAN_IGNORE_CGROUPSV1_WARNING=1
note() { printf '── %s\n' "$*" >&2; }

if [[ ${1-} != apart ]]; then
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    # What a process may not raise here, a container may not be given either.
    printf '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n' >"$work/containers.conf"
    export CONTAINERS_CONF_OVERRIDE=$work/containers.conf
    if [[ -z ${BASE-} ]] && ! podman image exists "$made"; then
        note "an empty Debian 13 as the base"
        mmdebstrap --quiet --variant=apt --include=ca-certificates trixie "$work/base.tar"
        podman import --quiet "$work/base.tar" "$made-bare"
        # What this machine needs to reach the network at all.
        cp /etc/ssl/certs/ca-certificates.crt "$work"
        printf 'FROM %s\nCOPY ca-certificates.crt /etc/ssl/certs/\nENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt\n' \
            "$made-bare" >"$work/Containerfile"
        rm "$work/base.tar"
        unshare --mount "$0" apart build -q -t "$made" "$work"
    fi
    note "the image"
    deploy/wheels.sh
    unshare --mount "$0" apart build --network host --build-arg "BASE=${BASE:-$made}" \
        --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 -t "$image" -f deploy/container/Containerfile . \
        >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2 && exit 1; }
    exec unshare --mount --net --propagation private "$0" apart
fi

# A second hierarchy of control groups, with nothing in it that containers use, confuses crun.
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
shift
(($# == 0)) || exec podman "$@"

ip link set lo up
said=$(mktemp)
readonly said
export MATTHAN_HOST=127.0.0.1 MATTHAN_CONTACT=keeper@example.vn
compose() { podman compose -p "$project" -f "$PWD/deploy/container/compose.yml" "$@" 2>>"$said"; }
leave() {
    (($? == 0)) || tail -n 5 "$said" >&2
    compose down --volumes --timeout 5 >/dev/null || true
    rm -f -- "$said"
}
trap leave EXIT
expect() { # WHAT COMMAND...
    local tries=0
    note "waiting, two minutes at most: $1"
    until "${@:2}" >/dev/null 2>&1; do
        ((++tries < 240)) || {
            note "NOT SO: $1"
            podman ps --all --filter "name=$project" >&2
            curl --insecure --verbose --max-time 5 https://127.0.0.1/health 2>&1 | tail -n 12 >&2
            for part in broker hub proxy; do podman logs --tail 5 "${project}_${part}_1" >&2; done
            exit 1
        }
        sleep 0.5
    done
    note "so it is: $1"
}
asked() { curl --silent --fail --insecure --max-time 5 "$@"; }
status() { asked --no-fail --output /dev/null --write-out '%{http_code}' "$@"; }
speaks_old_tls() { asked --tls-max 1.2 https://127.0.0.1/health; }
runs() { [[ $(podman inspect "${project}_$1_1" --format '{{.State.Running}}') == true ]]; }

note "up"
compose up -d >/dev/null
expect "pages answer over TLS" asked https://127.0.0.1/health
! speaks_old_tls || { note "NOT SO: TLS 1.3 alone" && exit 1; }
[[ $(status https://127.0.0.1:8443/) == 404 && $(status https://127.0.0.1:8443/upload) != 404 ]]
note "so it is: the nodes' port answers nodes alone"
hears_its_broker() { podman logs "${project}_broker_1" 2>&1 | grep -q "u'hub'"; }
expect "the hub hears its broker" hears_its_broker
user_of() { case $1 in broker | proxy) echo "matthan-$1" ;; *) echo matthan ;; esac; }
for part in broker hub proxy daily; do
    expect "$part runs" runs "$part"
    [[ $(podman inspect "${project}_${part}_1" --format '{{.HostConfig.ReadonlyRootfs}}{{.EffectiveCaps}}') == 'true[]' ]]
    # shellcheck disable=SC2016 # expanded inside
    podman exec "${project}_${part}_1" bash -c '! touch /x 2>/dev/null && [[ $(id -un) == "$0" ]] &&
        grep -q "^CapBnd:.0*$" /proc/self/status && grep -q "^NoNewPrivs:.1$" /proc/self/status' "$(user_of "$part")"
done
note "so it is: read-only root, no capability, no root, no new privileges"
is_backed_up() { podman exec "${project}_daily_1" bash -c 'compgen -G "/var/lib/matthan/backups/*.zip"'; }
expect "a backup lies there" is_backed_up
link=$(compose exec -T hub start officer invite chi-lan --role keeper | grep -o 'https://127[^ ]*' || true)
[[ -n $link ]] || { note "NOT SO: a link for the first keeper" && exit 1; }
[[ $(status "$link") == 200 ]]
note "so it is: the first keeper's link opens"
# From outside, as its fault would end it: who is ended by `podman kill` stays ended. Where podman's own
# clean-up after an end cannot run, as without systemd, nobody begins it again: then that is done here.
kill -KILL "$(podman inspect "${project}_hub_1" --format '{{.State.Pid}}')"
sleep 20
if ! asked https://127.0.0.1/health; then
    note "NOT SHOWN: podman begins the killed hub again by itself"
    podman start "${project}_hub_1" >/dev/null
fi
expect "the hub was killed and is back on its data" asked https://127.0.0.1/health
memory=$(podman exec "${project}_hub_1" bash -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true')
note "the hub's bound of memory: $memory bytes"

note "down, and up again on its data"
compose down --timeout 30 >/dev/null
compose up -d >/dev/null
expect "pages answer" asked https://127.0.0.1/health
[[ $(status "$link") == 200 ]]
note "all of it came about"
