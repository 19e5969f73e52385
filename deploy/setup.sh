#!/usr/bin/env bash
# Gets a fresh Debian 13 or Raspberry Pi OS ready: system packages and the virtual environment.
#
#   deploy/setup.sh demo    what the demonstration needs
#   deploy/setup.sh test    the same, and what the tests need
#   deploy/setup.sh check   only the virtual environment, for deploy/check.sh: no root, no packages
#
# Runs as root or with sudo; installs only what is missing, and starts no
# system service: the demonstration and the tests bring up their own on free ports.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly wanted="${1:-demo}"
readonly venv=.venv
readonly policy=/usr/sbin/policy-rc.d
# shellcheck source=deploy/dots.sh
source deploy/dots.sh

say() { printf '• %s\n' "$*" >&2; }
die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "These need root: $*. Run as root, or install sudo."
    fi
}

is_bookworm() { [[ $(. /etc/os-release && echo "${VERSION_ID:-}") == 12 ]]; }

packages() {
    printf '%s\n' ca-certificates python3 python3-venv ffmpeg mosquitto fonts-dejavu-core
    # the second channel; Debian 12 has no such package, and the demonstration says so
    is_bookworm || printf '%s\n' ntfy
    [[ $wanted == test ]] || return 0
    printf '%s\n' chromium firefox-esr postgresql nodejs npm git
    # the network camera of the tests
    printf '%s\n' python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{base,good,bad}
    # the same Chromium without windows, at half the processor time
    is_bookworm || printf '%s\n' chromium-headless-shell
    # a Raspberry Pi's camera without one
    is_bookworm || printf '%s\n' python3-libcamera
    printf '%s\n' gcc libc6-dev strace mosquitto-clients systemd poppler-utils promtool
    # a public authority, a domain and the hub's proxy, for the certificates that phones see
    printf '%s\n' caddy lego knot pebble
    # a network and a card of the tests' own, and the reader of scripts
    printf '%s\n' iproute2 e2fsprogs shellcheck
}

is_installed() {
    case $1 in # what another packaging of the same program brings as well counts
        nodejs) command -v node ;;
        npm | git | ffmpeg | ntfy | chromium | chromium-headless-shell | firefox-esr) command -v "$1" ;;
        postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' ;;
        mosquitto) test -x /usr/sbin/mosquitto ;;
        *) dpkg-query -W -f '${db:Status-Status}' "$1" | grep -qx installed ;;
    esac >/dev/null 2>&1
}

# While this file says 101, packages that are installed start no service of theirs. One that is not
# ours stays; one of a run that was cut off would hold every service of this machine for ever.
hold_services() {
    [[ ! -e $policy ]] || grep -qsx '# of matthan' "$policy" || return 0
    trap release_services EXIT
    printf '#!/bin/sh\n# of matthan\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

release_services() { ! grep -qsx '# of matthan' "$policy" || as_root rm -f "$policy"; }

install_packages() {
    local missing=() name
    while read -r name; do
        is_installed "$name" || missing+=("$name")
    done < <(packages)
    ((${#missing[@]})) || { release_services && return; }
    say "Installing Debian packages: ${missing[*]} (one to three minutes)"
    hold_services
    with_dots as_root apt-get update -qq || die "The package lists could not be fetched. Is there a network?"
    with_dots as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null || die "apt-get could not install: ${missing[*]} (see above)"
}

# The system's own Python first, because camera libraries come with it; PYTHON names another.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    die "No Python 3.11 to 3.13 was found. Install python3 and python3-venv."
}

# The pip of Debian 12 would build what has no wheel by setup.py, and warn of it.
install_pinned() { # EXTRA...
    deploy/pins.sh "$@" >"$venv/pins.txt"
    with_dots "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        --no-build-isolation --use-pep517 --requirement "$venv/pins.txt" ||
        die "pip could not install the Python packages (see above)."
}

install_itself() {
    with_dots "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --no-build-isolation --editable . || die "pip could not install this checkout (see above)."
}

# Compiles the C kernel on the way (deploy/kernel.py). If that fails, the checkout works without it.
install_checkout() {
    local log=$venv/kernel.log
    ! (install_pinned kernel && install_itself) 2>"$log" || return 0
    MATTHAN_KERNEL=none install_itself
    say "The C kernel was not compiled ($PWD/$log): numpy and OpenCV find the same, more slowly. To try again: rm $venv/ready"
}

fill_venv() {
    local extras=(build source agent hub) python stamp
    [[ $wanted == demo ]] || extras+=(test)
    stamp=$(cat pyproject.toml deploy/{constraints.txt,kernel.py} agent/vision/motion/*.[ch] hub/intake/mqtt/*.c | sha256sum | cut -c1-16)-${extras[*]}
    # After an upgrade of Debian the environment's Python is another, which has none of its packages.
    if "$venv/bin/python" -c 'import pip' 2>/dev/null && grep -qxF -e "$stamp" -e "$stamp test" "$venv/ready" 2>/dev/null; then
        return
    fi
    python=$(find_python)
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        say "Making the virtual environment $venv with $("$python" --version)"
        "$python" -m venv --clear "$venv" || die "No virtual environment could be made in $PWD/$venv."
    fi
    say "Installing Python packages into $venv (one to two minutes the first time)"
    # What builds a package comes first, so that nothing is fetched without its hash meanwhile.
    install_pinned build source
    install_pinned "${extras[@]}"
    install_checkout
    printf '%s\n' "$stamp" >"$venv/ready"
}

case $wanted in demo | test | check) ;; *) die "Say demo, test or check, not '$wanted'." ;; esac
[[ $wanted == check ]] || install_packages
fill_venv
"$venv/bin/python" deploy/catalogs.py # half a second; a pull may have brought other words
