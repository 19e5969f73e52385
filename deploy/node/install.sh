#!/usr/bin/env bash
# Makes this Raspberry Pi (or any Debian 12 or 13) a camera box, or upgrades a camera box to this
# version.
#
#   deploy/node/install.sh CODE              install, with the code that the hub's page shows
#   deploy/node/install.sh --look /dev/video0    the same; the box's camera reads the code
#   deploy/node/install.sh                   upgrade; or install now and enrol later: sudo matthan-agent enrol CODE
#   deploy/node/install.sh seal              encrypt the box's key, by the TPM if there is one
#   deploy/node/install.sh unseal            store the key as a plain file again, for another board
#   deploy/node/install.sh encrypt           encrypt the footage, existing and future
#   deploy/node/install.sh uninstall         remove programs and units, keep footage, key and certificates
#   deploy/node/install.sh uninstall --with-data    remove the data too. It lists what goes and stays, asks,
#                      and refuses while footage is held
#
#   --yes              with uninstall --with-data: ask nothing
#   --with-held-footage    with uninstall --with-data: also what is held for cases
#   --bundle FOLDER    wheels to install from, without a network; by default the folder `wheels` of this
#                      release or stick, if it has one. Missing Debian packages are taken from its
#                      folder `packages` first
#
# The programs are installed from a wheel. A bundle has it in its folder `wheels`; in a git clone,
# deploy/wheels.sh builds it into `dist`.
#
# Needs root. After an interruption, run it again: it completes what is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly here
readonly data=/var/lib/matthan etc=/etc/matthan
readonly config=$etc/agent.toml
readonly units=(matthan-agent.service matthan-agent-check.{service,timer} matthan-shelf.service
    matthan-update.{service,path})
readonly clips=$data/clips sealed_clips=$etc/clips.key.sealed
readonly sealed=$etc/node.key.sealed dropin=sealed-key.conf
# shellcheck source=deploy/dots.sh
source "$here/deploy/dots.sh"
# shellcheck source=deploy/installing.sh
source "$here/deploy/installing.sh"
# shellcheck source=deploy/machine.sh
source "$here/deploy/machine.sh"

code='' look='' bundle=''

read_arguments() {
    while (($#)); do
        case $1 in
            --look | --bundle) (($# > 1)) || die "$1 wants a word after it." ;;&
            --look) look=$2 && shift ;;
            --bundle) bundle=$2 && shift ;;
            -*) die "Not understood: $1. See: $0 --help" ;;
            *) code=$1 ;;
        esac
        shift
    done
    [[ -n $bundle || ! -d $here/wheels ]] || bundle=$here/wheels
    [[ -z $bundle || -d $bundle ]] || die "There is no folder $bundle. Give --bundle the folder of the wheels."
}

# A stick that was pulled too early: said before anything is changed.
check_bundle() {
    [[ -s $here/SHA256SUMS ]] || return 0
    (cd "$here" && sha256sum --quiet --strict --check SHA256SUMS >/dev/null 2>&1) ||
        die "The bundle was not copied whole: a file of $here differs from SHA256SUMS. Copy it again."
}

check_board() {
    local bits
    bits=$(getconf LONG_BIT)
    [[ $bits == 64 ]] || die "This system has $bits bits; the detector needs 64. Install the 64-bit Raspberry Pi OS."
    if is_pi; then
        say "This is a $(board)."
    else
        say "This board is no Raspberry Pi: network and USB cameras work, power and heat may stay unknown."
    fi
}

board() { if [[ -r /proc/device-tree/model ]]; then tr -d '\0' </proc/device-tree/model; fi; }
is_pi() { [[ $(board) == *Raspberry* ]]; }

packages() {
    cat "$here/deploy/node/packages.txt"
    ! is_pi || ! apt-cache show python3-picamera2 >/dev/null 2>&1 || echo python3-picamera2
}

stick() { # what it has for this Debian on this processor
    # shellcheck source=/dev/null
    echo "$here/packages/$(. /etc/os-release && echo "${VERSION_CODENAME-}")-$(dpkg --print-architecture)"
}

make_folders() {
    install -d -m 755 -o root -g root "$home" "$etc"
    install -d -m 700 -o matthan -g matthan "$data"
    [[ ! -f $config ]] || { chgrp matthan "$config" && chmod o= "$config"; } # passwords of cameras stand in it
}

# In the agent's own words, and as root: it gives the papers to the agent's user itself.
enrol() {
    local how=()
    if [[ -n $code ]]; then how=("$code"); elif [[ -n $look ]]; then how=(--look "$look"); else return 0; fi
    "$home/agent/bin/matthan-agent" enrol "${how[@]}" >&2 || exit 1
}

start_all() {
    put_file "$(in_slot "$home/agent" agent/recording/store/encryption.py)" "$home/vault.py" 644 root:root
    [[ ! -s $sealed ]] || give_sealed_key # uninstall keeps the sealed key, but not this
    put_units "$here/systemd" "${units[@]}"
    install -D -m 644 "$here/systemd/journald-node.conf" /etc/systemd/journald.conf.d/matthan.conf
    systemctl try-restart systemd-journald.service
    systemctl enable --quiet matthan-agent.service matthan-agent-check.timer matthan-update.path
    settle
    systemctl start matthan-update.path # what fetched this run may be at it: never restarted
    if [[ ! -e $config ]]; then
        say "It is no camera box yet: sudo matthan-agent enrol CODE, then sudo systemctl start matthan-agent"
        return 0
    fi
    systemctl restart matthan-agent.service matthan-agent-check.timer ||
        say "The agent does not start, and is tried again every five seconds. See: sudo matthan-agent check"
}

install_node() {
    refuse_hub
    read_arguments "$@"
    check_bundle
    find_wheel "$here" "$bundle"
    need_debian
    check_board
    need_room /opt 700
    need_room /var/lib 1000
    install_packages "$(stick)"
    make_user matthan "$data"
    make_folders
    ! is_pi || venv_options=(--system-site-packages) # where picamera2 lies
    fill_slot agent "$here" "$bundle"
    [[ ! -s $here/RELEASE ]] || put_file "$here/RELEASE" "$slot/share/matthan/RELEASE" 644 root:root
    turn_slot agent
    ln -sfn "$home/agent/bin/matthan-agent" /usr/local/bin/matthan-agent
    enrol
    start_all
    [[ ! -e $config ]] || runuser -u matthan -- "$home/agent/bin/matthan-agent" check >&2 || true
}

key_file() { # as the configuration says
    [[ -e $config ]] || die "It is no camera box yet: there is no key."
    "$home/agent/bin/python" -c 'from agent.config import load; print(load(None).broker.key_file)' || exit 1
}

give_sealed_key() { # to the units that need it
    local unit
    for unit in matthan-agent.service matthan-agent-check.service; do
        mkdir -p "/etc/systemd/system/$unit.d"
        printf '[Service]\nLoadCredentialEncrypted=node.key:%s\n' "$sealed" |
            put_text "/etc/systemd/system/$unit.d/$dropin" 644 root:root
    done
}

# Tried before the file goes: a key that cannot be had again would cost a new enrolment.
seal_key() {
    local key
    command -v systemd-creds >/dev/null || die "systemd-creds is missing: systemd 250 or newer is needed."
    key=$(key_file)
    [[ -f $key ]] || die "The key is not at $key. Was it sealed before?"
    (umask 077 && systemd-creds encrypt --name=node.key "$key" "$sealed.part") || die "The key could not be encrypted (see above)."
    systemd-creds decrypt --name=node.key "$sealed.part" - | cmp -s -- - "$key" || die "What was encrypted does not open again. Nothing was changed."
    chmod 600 "$sealed.part" # systemd-creds makes it readable by all, whatever the umask
    sync -- "$sealed.part"
    mv -fT -- "$sealed.part" "$sealed"
    give_sealed_key
    systemctl daemon-reload
    rm -f -- "$key"
    sync -f "$etc"
    systemctl try-restart matthan-agent.service
    if systemd-creds has-tpm2 --quiet 2>/dev/null; then
        say "The key opens on this board alone, with its TPM."
    else
        say "This board has no TPM: the key opens with a file of the same card. It is out of backups and copies; a stolen card still holds both."
    fi
    say "A check by hand needs the key, too: sudo systemctl start matthan-agent-check; journalctl -u matthan-agent-check"
}

open_sealed_key() { # INTO
    local opened=/run/matthan-node.key
    rm -f -- "$opened"
    (umask 077 && systemd-creds decrypt --name=node.key "$sealed" "$opened") ||
        die "The key does not open on this board. Enrol the box again (sudo matthan-agent enrol --again CODE), then run this once more: $0 unseal"
    put_file "$opened" "$1" 600 matthan:matthan
    rm -f -- "$opened"
}

# A key file that is there already is the one in use: the box was enrolled again after sealing, perhaps
# on another board, where the sealed key does not open. It is never overwritten.
unseal_key() {
    local key
    [[ -e $sealed ]] || die "There is no $sealed: the key was not sealed."
    key=$(key_file)
    [[ -e $key ]] || open_sealed_key "$key"
    rm -f /etc/systemd/system/matthan-agent{,-check}.service.d/"$dropin" "$sealed"
    systemctl daemon-reload
    systemctl try-restart matthan-agent.service
    say "The key is a file again: $key"
}

# The kernel encrypts folder by folder (docs/design/decisions/0048-encrypted-footage.md). The key is
# tried before any file lies under it. The next start completes an interrupted run.
encrypt_clips() {
    local where device
    command -v systemd-creds >/dev/null || die "systemd-creds is missing: systemd 250 or newer is needed."
    [[ -e $config ]] || die "It is no camera box yet: enrol it first."
    where=$("$home/agent/bin/python" -c 'from agent.config import load; print(load(None).clips.folder)') || exit 1
    [[ $where == "$clips" ]] || die "Footage lies in $where. Only $clips can be encrypted: take [clips] folder out."
    [[ $(findmnt -no FSTYPE -T "$data") == ext4 ]] || die "The disk of $data is no ext4: it cannot be encrypted folder by folder."
    [[ -e /sys/fs/ext4/features/encryption ]] ||
        die "This kernel cannot encrypt folders (CONFIG_FS_ENCRYPTION). Take one that can: Debian's can."
    command -v tune2fs >/dev/null || die "tune2fs is missing. Install it: apt install e2fsprogs"
    device=$(findmnt -no SOURCE -T "$data")
    tune2fs -O encrypt "${device%%\[*}" >/dev/null || die "The file system of $device takes no encrypted folders (see above)."
    if [[ ! -s $sealed_clips ]]; then
        (umask 077 && head -c 64 /dev/urandom | systemd-creds encrypt --name=clips.key - "$sealed_clips.part") ||
            die "A key could not be sealed (see above)."
        systemd-creds decrypt --name=clips.key "$sealed_clips.part" - | wc -c | grep -qx 64 ||
            die "What was sealed does not open again. Nothing was changed."
        chmod 600 "$sealed_clips.part"
        sync -- "$sealed_clips.part"
        mv -fT -- "$sealed_clips.part" "$sealed_clips"
        sync -f "$etc"
    fi
    put_file "$(in_slot "$home/agent" agent/recording/store/encryption.py)" "$home/vault.py" 644 root:root
    put_units "$here/systemd" matthan-shelf.service matthan-agent.service
    systemctl stop matthan-agent.service
    say "What there is of footage is brought in, file by file: this takes its time."
    systemctl restart matthan-shelf.service ||
        { systemctl start matthan-agent.service || true; die "It was not encrypted: journalctl -u matthan-shelf"; }
    systemctl start matthan-agent.service
    if systemd-creds has-tpm2 --quiet 2>/dev/null; then
        say "Footage opens on this board alone, with its TPM."
    else
        say "This board has no TPM: the key opens with a file of the same card. Copies of its folders tell nothing; a whole stolen card still opens."
    fi
    say "What lay in the open before stays in the card's cells until they are written over."
}

say_what_goes() {
    say "This goes, for good: the programs, their user, and"
    say_sizes "$data" "$clips" "$etc"
    say "This stays:"
    say_elsewhere "$config"
    say "  what the hub has of this box, Debian's packages, and what the machine's log has"
}

# What the hub asked this box to hold stands in its journal.
refuse_held() {
    local said journal=$data/journal.db
    [[ -z $with_held ]] || return 0
    if [[ ! -e $journal ]]; then
        [[ -z $(find "$clips" -type f -print -quit 2>/dev/null) ]] ||
            held_stays "It cannot be told whether footage is held for a case: there are clips, and no $journal"
        return 0
    fi
    said=$(runuser -u matthan -- /usr/bin/python3 -c "$held_cases" "$journal" 2>&1) ||
        held_stays "It cannot be told whether footage is held for a case (${said##*$'\n'})"
    [[ -z $said ]] || held_stays "Footage is held for the case ${said//$'\n'/, }"
}
readonly held_cases='
import sqlite3, sys
journal = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=5)
for (case,) in journal.execute("SELECT case_number FROM holds UNION SELECT case_number FROM span_holds"):
    print(case)
'

uninstall_node() {
    read_uninstall "$@"
    if [[ -n $with_data ]]; then
        keep_both hub "${of_hub[@]}"
        say_what_goes
        refuse_held
        be_sure
    fi
    systemctl disable --quiet --now "${units[@]}" 2>/dev/null || true
    remove_units "${units[@]}"
    rm -rf /etc/systemd/system/matthan-agent{,-check}.service.d/"$dropin"
    rmdir --ignore-fail-on-non-empty /etc/systemd/system/matthan-agent{,-check}.service.d 2>/dev/null || true
    [[ -n $(first_there "${of_hub[@]}") ]] || rm -f /etc/systemd/journald.conf.d/matthan.conf
    rm -f /usr/local/bin/matthan-agent
    rm -rf "${home:?}"/agent "$home"/agent-* "$home"/agent.[pw]* "$home/slots.py" "$home/vault.py" "$home/update.json"
    rmdir --ignore-fail-on-non-empty "$home" 2>/dev/null || true
    if [[ -n $with_data ]]; then
        rm -rf "$data" "$etc"
        userdel matthan 2>/dev/null || true
        say "The camera box is gone, with all that was listed. Shut it out at the hub, too."
    else
        say "The programs are gone. Footage and papers are in $data, the configuration in $etc."
    fi
}

need_root
case ${1-} in
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" ;;
    seal) seal_key ;;
    unseal) unseal_key ;;
    encrypt) encrypt_clips ;;
    uninstall) uninstall_node "${@:2}" ;;
    *) install_node "$@" ;;
esac
