#!/usr/bin/env bash
# Prints the Python of an environment with tflite-runtime alone, as older Raspberry Pi systems have it:
# Python 3.11 and NumPy 1. It is made once, in the cache. The Python is the system's own 3.11; where it
# has none, Debian 12's, which apt fetches with its signature checked and which is only unpacked:
# nothing is installed.
#
#   deploy/older_runtime.sh
#
# The cache is $MATTHAN_CACHE, else $XDG_CACHE_HOME/matthan, else ~/.cache/matthan.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly cache="${MATTHAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/matthan}"
readonly version=3.11 suite=bookworm
readonly packages=(tflite-runtime==2.14.0 numpy==1.26.4 opencv-python-headless==4.11.0.86)
readonly unpacked=$cache/python-$version

die() {
    printf 'older_runtime: %s\n' "$*" >&2
    exit 1
}

runs() { "$1" -c 'import ssl, sqlite3, venv' 2>/dev/null; } # PROGRAM

# By the mirror that this machine's apt asks already, with lists and a cache of its own.
foreign_apt() { # COMMAND...
    apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State="$work/state" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 "$@" \
        >"$work/log" 2>&1 ||
        die "Debian 12's Python cannot be fetched ($(grep -m 1 '^E:' "$work/log" || echo 'apt does not say why'))."
}

fetch_python() {
    local site archive keyrings=(/usr/share/keyrings/debian-archive-keyring.*)
    site=$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' 2>/dev/null | grep -m 1 '/debian/*$') ||
        die "Python $version is not here, and apt knows no mirror of Debian with one."
    [[ -r ${keyrings[0]} ]] || die "The keys of Debian's archive are missing. Install debian-archive-keyring."
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/tree"
    printf 'deb [signed-by=%s] %s %s main\n' "${keyrings[0]}" "$site" "$suite" >"$work/sources.list"
    foreign_apt update
    (cd "$work" &&
        foreign_apt download "python$version-minimal" "libpython$version-minimal" "libpython$version-stdlib")
    for archive in "$work"/*.deb; do dpkg-deb --extract "$archive" "$work/tree"; done
    runs "$work/tree/usr/bin/python$version" || die "Debian 12's Python does not run here."
    rm -rf -- "$unpacked"
    mv -T -- "$work/tree" "$unpacked"
}

find_python() {
    python=$(command -v "python$version") && runs "$python" && return
    python=$unpacked/usr/bin/python$version
    runs "$python" || fetch_python
}

# It gets no pip of its own: that of the tests' environment installs into it.
fill() {
    local pip=.venv/bin/pip
    [[ -x $pip ]] || die "There is no $pip yet. Run deploy/setup.sh test"
    rm -rf -- "$place"
    "$python" -m venv --without-pip "$place" >"$work/log" 2>&1 || die "No environment can be made in $place."
    "$pip" --python "$place/bin/python" install --quiet --disable-pip-version-check "${packages[@]}" \
        >"$work/log" 2>&1 || die "tflite-runtime cannot be installed ($(tail -n 1 "$work/log"))."
    touch "$place/ready"
}

place=$cache/older-runtime-$(printf '%s ' "${packages[@]}" | sha256sum | cut -c 1-16)
readonly place
mkdir -p "$cache"
exec 9>>"$cache/.older-runtime.lock"
flock 9 # one run at a time makes it
if ! [[ -e $place/ready ]] || ! runs "$place/bin/python"; then
    work=$(mktemp -d -- "$cache/.part-python.XXXXXX")
    readonly work
    trap 'rm -rf -- "$work"' EXIT
    find_python
    fill
fi
printf '%s\n' "$place/bin/python"
