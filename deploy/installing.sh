# shellcheck shell=bash
# Sourced by the installers of hub and node, not run: users, files, slots and units. Each step can be
# interrupted anywhere; the next run completes it.

readonly home=/opt/matthan policy=/usr/sbin/policy-rc.d
venv_options=() # of the programs' environment
wheel='' # that is installed
umask 022 # others run the programs, whatever root's own says; what is secret has a mode of its own

say() { printf '• %s\n' "$*" >&2; }
die() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

need_root() { ((EUID == 0)) || die "This needs root. Run it with sudo."; }

need_debian() {
    local id version
    # shellcheck source=/dev/null
    id=$(. /etc/os-release && echo "$ID ${ID_LIKE-}")
    # shellcheck source=/dev/null
    version=$(. /etc/os-release && echo "${VERSION_ID-}")
    [[ $id =~ debian|raspbian && $version =~ ^1[23]$ ]] ||
        die "This is $id $version. Debian 12 or 13 (Raspberry Pi OS 12 or 13) is needed."
    [[ -d /run/systemd/system ]] || die "systemd does not run here. Start the machine with it."
    touch /opt/.matthan-probe 2>/dev/null || die "/opt cannot be written: is the disk mounted read-only? See: mount | grep ' / '"
    rm -f /opt/.matthan-probe
}

need_room() { # FOLDER MEGABYTES
    local free
    free=$(df --output=avail -BM -- "$1" | tail -n 1 | tr -dc '0-9')
    ((free >= $2)) || die "The disk of $1 has $free MB free and $2 MB are needed. Free some, or take a larger disk."
}

is_taken() { ss -Hltn "sport = :$1" | grep -q .; } # PORT

holder() { # PORT
    local name
    name=$(ss -Hltnp "sport = :$1" | grep -o '"[^"]*"' | head -n 1 | tr -d '"')
    printf '%s' "${name:-another program}"
}

is_there() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; } # PACKAGE

# While this file says 101, packages that are installed start no service of theirs. One that is not
# ours stays; one of a run that was cut off would hold every service of this machine for ever.
hold_services() {
    [[ ! -e $policy ]] || grep -qsx '# of matthan' "$policy" || return 0
    trap release_services EXIT
    # Whole before it has its name: a plug that is pulled may leave one that is empty, and nobody's.
    printf '#!/bin/sh\n# of matthan\nexit 101\n' >"$policy.part"
    chmod 755 "$policy.part"
    sync "$policy.part"
    mv -T -- "$policy.part" "$policy"
}

release_services() {
    rm -f "$policy.part"
    ! grep -qsx '# of matthan' "$policy" || rm -f "$policy"
}

missing_packages() {
    local name
    while read -r name; do
        is_there "$name" || echo "$name"
    done < <(packages)
}

# What Debian's package would run by itself is switched off where this run brought it.
install_packages() { # FOLDER of a stick, where there is one
    local missing wanted name
    mapfile -t wanted < <(missing_packages)
    ((${#wanted[@]})) || { release_services && return; }
    say "Installing Debian packages: ${wanted[*]} (one to three minutes)"
    hold_services
    dpkg --configure -a >/dev/null 2>&1 || true # of a run that was cut off
    mapfile -t missing < <(missing_packages)
    [[ ! -s ${1:-/none}/Packages ]] || from_stick "$1" "${missing[@]}"
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]} == 0)) || from_network "${missing[@]}"
    release_services
    for name in mosquitto caddy; do
        [[ " ${wanted[*]} " != *" $name "* ]] || systemctl disable --quiet "$name.service" 2>/dev/null || true
    done
}

get() { with_dots env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }

from_network() { # PACKAGE...
    get update || die "The package lists could not be fetched. Is there a network?"
    get install -y --no-install-recommends "$@" >/dev/null ||
        die "apt-get could not install: $* (see above and /var/log/apt/term.log). Without a network it needs the stick of deploy/node/bundle.sh, for this very Debian."
}

# Of what it has, and from nowhere else: a box without a network waits for none. What fails here is
# asked of the network.
from_stick() { # FOLDER PACKAGE...
    local own names=() name options
    for name in "${@:2}"; do
        ! grep -qxF "Package: $name" "$1/Packages" || names+=("$name")
    done
    ((${#names[@]})) || return 0
    own=$(mktemp -d)
    mkdir -p "$own/lists/partial"
    ln -s -- "$1" "$own/stick" # whose name may have blanks
    printf 'deb [trusted=yes] file:%s/stick ./\n' "$own" >"$own/sources.list"
    options=(-o Dir::Etc::SourceList="$own/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$own/lists" -o APT::Sandbox::User=root)
    if get "${options[@]}" update; then
        get "${options[@]}" install -y --no-install-recommends "${names[@]}" >/dev/null ||
            say "The stick's packages do not fit this box (see above); the network is asked for them."
    fi
    rm -rf -- "$own"
}

# The group first: useradd writes its own group last, and a user who lacks it is not made again.
make_user() { # NAME HOME
    getent group "$1" >/dev/null || groupadd --system "$1"
    getent passwd "$1" >/dev/null ||
        useradd --system --gid "$1" --home-dir "$2" --no-create-home --shell /usr/sbin/nologin "$1"
}

# What was said to be done is done, though the plug is pulled at the next moment.
settle() { sync -f / /opt /etc /var/lib /usr/local; }

# Whole or not at all, with its mode from the first moment.
put_text() { # PATH MODE OWNER:GROUP, text on stdin
    local draft=$1.part
    rm -f -- "$draft"
    install -m "$2" -o "${3%:*}" -g "${3#*:}" /dev/null "$draft"
    cat >"$draft"
    sync -- "$draft"
    if cmp -s -- "$draft" "$1"; then rm -f -- "$draft"; else mv -fT -- "$draft" "$1"; fi
}

put_file() { put_text "$2" "$3" "$4" <"$1"; } # FROM TO MODE OWNER:GROUP

wait_for() { # WHAT COMMAND...
    local what=$1 tries=0
    shift
    until "$@" >/dev/null 2>&1; do
        ((++tries < 240)) || die "It did not come about within two minutes that $what. See: journalctl -b -u 'matthan-*'"
        sleep 0.5
    done
}

find_python() {
    local candidate
    for candidate in /usr/bin/python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "No Python 3.11 to 3.13 was found. Install python3 and python3-venv."
}

# The programs as deploy/wheels.sh builds them, for this processor: in the bundle, or beside the
# installer. Nothing is compiled here.
find_wheel() { # CHECKOUT BUNDLE
    local folder found
    for folder in ${2:+"$2"} "$1/wheels" "$1/dist"; do
        found=("$folder"/matthan-*-manylinux_2_17_"$(uname -m)".whl)
        [[ -e ${found[0]} ]] || continue
        ((${#found[@]} == 1)) || die "$folder has ${#found[@]} wheels of the programs. Leave the one that is wanted."
        wheel=${found[0]}
        return
    done
    die "No wheel of the programs for $(uname -m) is in ${2:-$1/dist}. Build it: deploy/wheels.sh"
}

# A slot is a virtual environment with a name of its own: NAME-VERSION. A slot that has the file
# `whole` is one; another was cut off, and is made anew, and so is one whose Python was replaced by a
# newer one with Debian itself. /opt/matthan/NAME points to the one in use.
slot_path() { # NAME CHECKOUT
    local print
    print=$(cat "$wheel" "$2/deploy/constraints.txt" | sha256sum | cut -c 1-12)
    printf '%s' "$home/$1-$print"
}

fill_slot() { # NAME CHECKOUT BUNDLE
    [[ -n $wheel ]] || find_wheel "$2" "$3"
    slot=$(slot_path "$1" "$2")
    if [[ -e $slot/whole ]] && "$slot/bin/python" -I -c "import $1" 2>/dev/null; then return; fi
    local from=() python pins
    if [[ -n $3 ]]; then from=(--no-index --find-links "$3"); fi
    python=$(find_python)
    say "Installing the programs into $slot (one to two minutes)"
    rm -rf -- "$slot"
    "$python" -m venv "${venv_options[@]}" "$slot" || die "No virtual environment could be made in $slot."
    pins=$(mktemp)
    [[ $1 != hub ]] || install_pinned "$2" source # some of the hub's packages have no wheel
    install_pinned "$2" "$1"
    rm -f -- "$pins"
    install_python --no-deps "$wheel"
    sync -f "$slot"
    touch "$slot/whole"
}

# Only files whose hash stands in deploy/constraints.txt.
install_pinned() { # CHECKOUT EXTRA...
    sh "$1/deploy/pins.sh" "${@:2}" >"$pins" # a stick of FAT knows no executable files
    install_python --require-hashes --requirement "$pins"
}

# The pip of Debian 12 would build what has no wheel by setup.py, and warn of it.
install_python() { # ARGUMENTS of pip
    with_dots "$slot/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-build-isolation --use-pep517 "${from[@]}" "$@" ||
        die "pip could not install the programs (see above)."
}

in_slot() { # SLOT FILE: where the wheel's file was installed
    local found=("$1"/lib/python3.*/site-packages/"$2")
    printf '%s' "${found[0]}"
}

turn_slot() { # NAME
    local old
    old=$(readlink "$home/$1" || true)
    if [[ $1 == agent ]]; then # on probation, see agent/updates/slots.py
        put_file "$(in_slot "$slot" agent/updates/slots.py)" "$home/slots.py" 644 root:root
        /usr/bin/python3 "$home/slots.py" turn "$slot" || die "The programs stay as they were (see above)."
    else
        ln -sfn -- "$slot" "$home/$1.part"
        mv -fT -- "$home/$1.part" "$home/$1"
        sync -f "$home"
    fi
    [[ $old != "$slot" ]] || return 0 # once more the same: which one was before is not known here
    for each in "$home/$1"-*; do # the one before stays, to go back to
        if [[ $each == "$slot" || $each == "$old" ]]; then continue; fi
        if [[ -e $home/$1.probation ]] && grep -qF "\"$each\"" "$home/$1.probation"; then continue; fi
        rm -rf -- "$each"
    done
}

put_units() { # FOLDER UNIT...
    local folder=$1 unit
    shift
    for unit in "$@"; do
        put_file "$folder/$unit" "/etc/systemd/system/$unit" 644 root:root
    done
    systemctl daemon-reload
}

remove_units() { # UNIT...
    local unit
    for unit in "$@"; do rm -f "/etc/systemd/system/$unit"; done
    systemctl daemon-reload
    systemctl reset-failed 'matthan-*' 2>/dev/null || true
}
