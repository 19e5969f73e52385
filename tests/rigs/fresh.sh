#!/usr/bin/env bash
# Tries the two commands of a newcomer on an empty machine: makes a Debian root with only Python and
# git, clones this checkout into it, runs the command there, and times it.
#
#   tests/rigs/fresh.sh demo            deploy/demo.sh --once --json …
#   tests/rigs/fresh.sh test            deploy/test.sh
#   TIMES=2 tests/rigs/fresh.sh …       the command a second time in the same checkout
#   ARCH=arm64 tests/rigs/fresh.sh …    the same under qemu-user, as on a Raspberry Pi (slow)
#   SLOWER=8 ARCH=arm64 … demo          a street eight times slower, so that an emulated node keeps up
#
# Needs root, mmdebstrap (and for arm64 qemu-user-static), and some 5 GB below $ROOTS (default
# /var/tmp/matthan-roots). The root is made once and used again; the checkout in it is new each time.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly what="${1:-demo}"
readonly times="${TIMES:-1}"
readonly arch="${ARCH:-$(dpkg --print-architecture)}"
readonly slower="${SLOWER:-1}"
readonly suite="${SUITE:-trixie}"
readonly roots="${ROOTS:-/var/tmp/matthan-roots}"
readonly root="$roots/$suite-$arch"

die() {
    printf 'fresh: %s\n' "$*" >&2
    exit 1
}

case $what in
    demo) inside='deploy/demo.sh --once --json ~/summary.json' ;;
    test) inside='CI=true deploy/test.sh' ;;
    *) die "Say demo or test, not '$what'." ;;
esac
[[ $slower == 1 || $what == demo ]] || die "Only the demonstration plays a street to slow down."
[[ $slower == 1 ]] || inside+=' --recording ~/slow-street.mp4'
((EUID == 0)) || die "A root of its own needs root. Run as root or with sudo."
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing. Install it: apt install mmdebstrap"

if [[ $arch == arm64 && ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]]; then
    [[ -e /proc/sys/fs/binfmt_misc/status ]] ||
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    cat /usr/lib/binfmt.d/qemu-aarch64*.conf >/proc/sys/fs/binfmt_misc/register
fi

if [[ ! -e $root/made ]]; then
    mkdir -p "$roots"
    rm -rf "$root"
    mmdebstrap --quiet --arch="$arch" --variant=apt \
        --include=ca-certificates,python3,git "$suite" "$root"
    touch "$root/made"
fi

# What this machine needs to reach the network at all, a fresh machine there would need too.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# An installed system knows itself; a bare root of Debian 12 does not.
[[ -e $root/etc/hosts ]] || printf '127.0.0.1\tlocalhost\n' >"$root/etc/hosts"
readonly home=/srv/newcomer
rm -rf "${root:?}$home"
mkdir -p "$root$home"
git clone --quiet . "$root$home/matthan"

if [[ $slower != 1 ]]; then # encoded here: the emulation would take longer for it than for the rest
    ffmpeg -nostdin -loglevel error -y -itsscale "$slower" -i "$(deploy/recording.sh)" -an \
        -c:v libx264 -profile:v high -g 2 -keyint_min 2 -sc_threshold 0 -bf 0 -pix_fmt yuv420p \
        "$root$home/slow-street.mp4"
fi

# shellcheck disable=SC2016 # expanded inside
exec unshare --mount --pid --fork bash -c '
    root=$1 home=$2 inside=$3 times=$4
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    for run in $(seq "$times"); do
        echo "── run $run of $times: $inside" >&2
        time chroot "$root" env -i HOME="$home" LANG=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
            NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
            bash -c "cd ~/matthan && $inside" || exit
    done
' fresh "$root" "$home" "$inside" "$times"
