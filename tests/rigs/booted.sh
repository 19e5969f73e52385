# shellcheck shell=bash
# Sourced by the rigs that install programs: makes a Debian that boots a real systemd in a container
# of systemd-nspawn. Needs root, mmdebstrap, systemd-container and some 3 GB below $ROOTS.
readonly roots="${ROOTS:-/var/tmp/matthan-roots}"
readonly suite="${SUITE:-trixie}"
nspawn='' leader=''
network=() # a command that runs another in a network of its own

note() { printf '── %s\n' "$*" >&2; }

make_base() { # made once and used again
    local base=$roots/boot-$suite
    [[ ! -e $base/made ]] || return 0
    note "making an empty Debian $suite that boots"
    rm -rf -- "$base"
    mkdir -p "$roots"
    mmdebstrap --quiet --variant=apt \
        --include=ca-certificates,python3,systemd,systemd-sysv,dbus,iproute2 "$suite" "$base"
    touch "$base/made"
}

fresh_root() { # NAME CHECKOUT
    root=$roots/$1
    rm -rf -- "${root:?}"
    cp -a --reflink=auto "$roots/boot-$suite" "$root"
    # What this machine needs to reach the network at all, a fresh machine there would need too.
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    mkdir -p "$root/srv/matthan"
    git -C "$2" ls-files -zco --exclude-standard | tar -C "$2" -c --null -T - | tar -x -C "$root/srv/matthan"
    deploy/wheels.sh "$root/srv/matthan/dist"
}

boot() { # NAME
    "${network[@]}" systemd-nspawn --quiet --keep-unit --register=no --resolv-conf=off --timezone=off --console=pipe \
        -M "$1-$$" -b -D "$root" >"$root.log" 2>&1 </dev/null &
    nspawn=$!
    note "waiting, a minute at most: $1 boots"
    for _ in $(seq 300); do
        leader=$(pgrep -P "$nspawn" | head -n 1 || true)
        [[ -z $leader ]] || ! inside systemctl is-active --quiet multi-user.target || return 0
        kill -0 "$nspawn" 2>/dev/null || break
        sleep 0.2
    done
    note "it did not boot:" && tail -n 20 "$root.log" >&2
    return 1
}

power_off() { # as when the plug is pulled
    [[ -z $leader ]] || kill -KILL "$leader" 2>/dev/null || true
    [[ -z $nspawn ]] || wait "$nspawn" 2>/dev/null || true # and for nothing else that this rig began
    nspawn='' leader=''
}

inside() { # COMMAND...
    nsenter -t "$leader" -a env -i HOME=/root LANG=C.UTF-8 PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

signal() { inside bash -c 'kill -s "$0" "$1"' "$@"; } # NAME PID: an empty root has no program `kill`

expect() { # WHAT COMMAND...: it comes about within three minutes
    local what=$1 tries=0
    shift
    note "waiting, three minutes at most: $what"
    until "$@" >/dev/null 2>&1; do
        ((++tries < 360)) || {
            note "NOT SO: $what"
            inside journalctl -b --no-pager -n 40 >&2 || true
            exit 1
        }
        sleep 0.5
    done
    note "so it is: $what"
}
