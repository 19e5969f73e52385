#!/usr/bin/env bash
# Tries the node's bundle on the emulated processor of a Raspberry Pi. In an arm64 Debian that is
# unpacked and not booted it installs the programs from the stick without a network, enrols the node,
# checks it, and replays a recorded street to a hub on this machine. Each step is timed; last output:
# docs/contributing/arm64-run.md.
#
#   tests/rigs/arm64.sh                    Debian 13, Python 3.13
#   SUITE=bookworm tests/rigs/arm64.sh     Debian 12, Python 3.11
#   STICK=FOLDER tests/rigs/arm64.sh       with a bundle that was made before
#   KEEP=1 tests/rigs/arm64.sh             in the root of the last run; a complete slot is not filled again
#
# It tries the bundle's checksums, the choice of Python, slot and programs (deploy/installing.sh as
# install.sh calls it), enrolment, check, replay. tests/rigs/node_install.sh tries the rest in a booted
# x86-64 root: Debian's packages, users, units, start, power cuts, uninstall. Neither tries Raspberry
# Pi OS's own packages, a real camera, power, heat, card.
#
# Needs root, mmdebstrap, qemu-user-binfmt and some 2 GB below $ROOTS.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly suite="${SUITE:-trixie}" roots="${ROOTS:-/var/tmp/matthan-roots}"
readonly base=$roots/unpacked-arm64-$suite root=$roots/arm64-$suite
readonly packages=base-files,base-passwd,libc-bin,bash,dash,coreutils,findutils,grep,sed,tar,gzip,diffutils,mawk,ca-certificates,libstdc++6,python3,python3-venv
readonly processors=sys/devices/system/cpu # without it the detector takes its slower way
readonly street_s=8 slower=8
readonly processor=${QEMU_CPU:-cortex-a72} # a Pi 4's; with all that qemu can, NumPy's products of matrices are wrong
case $suite in
    trixie) python=3.13 ;;
    bookworm) python=3.11 ;;
    *) echo "arm64: SUITE is trixie or bookworm, not $suite." >&2 && exit 1 ;;
esac
((EUID == 0)) || { echo "arm64: a root of its own needs root. Run with sudo." >&2 && exit 1; }

work=$(mktemp -d)
readonly work
hub=''
leave() {
    exec 7>&- || true
    [[ -z $hub ]] || wait "$hub" || true
    for mounted in proc "$processors" "${work#/}"; do
        ! mountpoint -q "$root/$mounted" || umount "$root/$mounted"
    done
    rm -rf -- "$work"
}
trap leave EXIT

began=$SECONDS
note() { printf '── %s\n' "$*"; }
took() { # WHAT COMMAND...
    local from=$SECONDS
    "${@:2}"
    note "$1: $((SECONDS - from)) s"
}
inside() { # COMMAND...: as on an arm64 machine
    chroot "$root" env -i QEMU_CPU="$processor" HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
alone() { # COMMAND...: the same without a network
    unshare --net chroot "$root" env -i QEMU_CPU="$processor" HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

emulate() {
    [[ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]] || return 0
    [[ -e /proc/sys/fs/binfmt_misc/status ]] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    cat /usr/lib/binfmt.d/qemu-aarch64*.conf >/proc/sys/fs/binfmt_misc/register
}

unpack() { # no package's own script runs: minutes of emulation become seconds
    [[ ! -e $base/made ]] || return 0
    rm -rf -- "$base"
    mkdir -p "$roots"
    mmdebstrap --quiet --arch=arm64 --variant=extract --mode=root --include="$packages" "$suite" "$base"
    touch "$base/made"
}

fresh() {
    if [[ -z ${KEEP-} ]]; then
        rm -rf -- "${root:?}"
        cp -a --reflink=auto "$base" "$root"
        mkdir -p "$root/srv"
        cp -a "$stick" "$root/srv/stick"
    fi
    rm -rf -- "$root/etc/matthan" "$root/var/lib/matthan"
    printf '127.0.0.1\tlocalhost\n' >"$root/etc/hosts"
    # What packages' own scripts would have made.
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    ln -sf mawk "$root/usr/bin/awk"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    mount -t proc proc "$root/proc"
    mkdir -p "$root/tmp" "$root/$work" "$root/$processors"
    mount --bind "/$processors" "$root/$processors"
    mount --bind "$work" "$root/$work"
}

make_stick() {
    stick=${STICK:-$work/stick}
    [[ -d $stick || -n ${KEEP-} ]] || PLATFORM=aarch64 PYTHONS=$python deploy/node/bundle.sh "$stick"
}

install_programs() { # as deploy/node/install.sh does it
    # shellcheck disable=SC2016 # expanded inside
    alone bash -euo pipefail -c '
        here=/srv/stick
        cd "$here"
        sha256sum --quiet --strict --check SHA256SUMS
        source deploy/dots.sh
        source deploy/installing.sh
        mkdir -p "$home" /usr/local/bin
        fill_slot agent /srv/stick /srv/stick/wheels
        turn_slot agent
        ln -sfn "$home/agent/bin/matthan-agent" /usr/local/bin/matthan-agent'
}

first_word() { inside matthan-agent --help >/dev/null; }

await() { # TEXT FILE
    note "waiting, five minutes at most: $2 says $1"
    for _ in $(seq 600); do
        ! grep -q "$1" "$2" || return 0
        kill -0 "$hub" || return 1
        sleep 0.5
    done
    note "it never said: $1" && return 1
}

note "arm64 ($processor) under qemu-user on $(uname -m), $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg), $(date +%d/%m/%Y)"
emulate
took "an empty Debian $suite, unpacked" unpack
took "the bundle for Python $python, made here" make_stick
fresh
took "programs from the bundle, without a network" install_programs
took "first word of the program" first_word
inside "/opt/matthan/agent/bin/python" -c 'import platform, sys, numpy, cv2, av
from ai_edge_litert.interpreter import Interpreter
print("──", platform.machine(), "Python", platform.python_version(), "numpy", numpy.__version__, "OpenCV", cv2.__version__, "PyAV", av.__version__)'

note "enrolled by a code at a hub on this machine"
mkfifo "$work/hold"
.venv/bin/python -m tests.rigs.enrolling_hub nga-tu-07 <"$work/hold" >"$work/heard" &
hub=$!
exec 7>"$work/hold"
await / "$work/heard"
took "enrolment" inside matthan-agent enrol --lang en "$(head -n 1 "$work/heard")"
[[ $(stat -c %a "$root"/var/lib/matthan/papers/*/node.key) == 600 ]]
exec 7>&-
wait "$hub" || true

note "a town on this machine; its node is the emulated one, its street $street_s s, $slower times slower, so that it keeps up"
ffmpeg -nostdin -loglevel error -y -itsscale "$slower" -i "$(deploy/recording.sh)" -t "$((street_s * slower))" -an \
    -c:v libx264 -profile:v high -g 2 -keyint_min 2 -sc_threshold 0 -bf 0 -pix_fmt yuv420p "$work/street.mp4"
mkfifo "$work/hold2"
.venv/bin/python -m tests.rigs.town_for "$work/town" "$work/street.mp4" <"$work/hold2" >"$work/town.said" &
hub=$!
exec 7>"$work/hold2"
await ready "$work/town.said"
took "check" inside matthan-agent check --lang en --config "$work/town/agent.toml" || note "check found something wrong, see above"
took "replay of $((street_s * slower)) s, all of it at the hub" \
    inside matthan-agent run --once --drain-s 240 --config "$work/town/agent.toml" 2>"$work/agent.log" ||
    { tail -n 20 "$work/agent.log" && exit 1; }
exec 7>&-
is_told=yes
wait "$hub" || is_told=''
hub=''
grep -v ready "$work/town.said"
[[ -n $is_told ]] || { tail -n 30 "$work/agent.log" && note "NOT SO: an alert with its clip is at the hub" && exit 1; }
note "done: $((SECONDS - began)) s"
