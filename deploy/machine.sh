# shellcheck shell=bash disable=SC2154 # sourced by the installers, which set what is used here
# Sourced by the installers of hub and node, not run: whose machine this is, and what goes with its data.

# Hub and camera box have the same folders, the same user and the same limits of the log. What is left
# of either, its data too, makes the machine its own.
readonly of_hub=("$etc/hub.toml" "$etc/install.conf" "$data/hub.db" "$data/ca" "$home/hub"
    /etc/systemd/system/matthan-hub.service)
readonly of_box=("$etc/agent.toml" "$data/journal.db" "$data/clips" "$home/agent"
    /etc/systemd/system/matthan-agent.service)

first_there() { # PATH...
    local each
    for each in "$@"; do
        if [[ -e $each || -L $each ]]; then printf '%s' "$each" && return; fi
    done
}

# Before anything is changed.
refuse_box() {
    local sign
    sign=$(first_there "${of_box[@]}")
    [[ -z $sign ]] ||
        die "This machine is a camera box: it has $sign. A hub would share $data and $etc with it: install it on another machine. Only if the box is not needed any more: deploy/node/install.sh uninstall --with-data"
}

refuse_hub() {
    local sign
    sign=$(first_there "${of_hub[@]}")
    [[ -z $sign ]] ||
        die "This machine is a hub: it has $sign. A camera box would share $data and $etc with it, and the log would be lost at each boot: install it on another machine. Only if the hub is not needed any more: deploy/hub/install.sh uninstall --with-data"
}

with_data='' is_sure='' with_held=''

read_uninstall() { # OPTION...
    local each
    for each in "$@"; do
        case $each in
            --with-data) with_data=1 ;;
            --yes) is_sure=1 ;;
            --with-held-footage) with_held=1 ;;
            *) die "Not understood: $each" ;;
        esac
    done
    [[ -n $with_data || -z $is_sure$with_held ]] || die "--yes and --with-held-footage go with --with-data."
}

# On a machine with both, from before the installers refused that.
keep_both() { # THE OTHER'S NAME, ITS PATHS...
    local sign
    sign=$(first_there "${@:2}")
    [[ -z $sign ]] ||
        die "This machine is also a $1 ($sign), in the same folders: nothing of $data and $etc is removed. Remove what is the camera box's by hand: deploy/node/install.sh uninstall, then rm -rf $data/{journal.db*,clips*,papers,programs} $etc/agent.toml*"
}

say_sizes() { # PATH... that are there
    local each size
    for each in "$@"; do
        [[ -e $each ]] || continue
        size=$(du -shx -- "$each" 2>/dev/null | cut -f 1) || true
        say "  $each (${size:-size unknown})"
    done
}

# Folders and files that a configuration names outside of what goes.
say_elsewhere() { # CONFIGURATION
    local path
    [[ -r $1 ]] || return 0
    while read -r path; do
        case $path in "$data"* | "$etc"* | "$home"*) continue ;; esac
        [[ ! -e $path ]] || say "  $path, which $1 names"
    done < <(grep -v '^ *#' "$1" | grep -oE '"(sqlite:///)?/[^"]+"' | tr -d '"' | sed 's,^sqlite:///,,' | sort -u)
}

# The name of the machine, since a line that was copied may be run on the wrong one.
be_sure() {
    local name typed=''
    [[ -z $is_sure ]] || return 0
    name=$(hostname)
    [[ -t 0 ]] || die "Nothing was removed. Without a terminal it takes one more option to be sure: $0 uninstall --with-data --yes"
    read -rp "To remove all that goes, type the name of this machine ($name): " typed || true
    [[ $typed == "$name" ]] || die "Nothing was removed: '$typed' is not $name."
}

held_stays() { # WHY
    die "$1. Nothing was removed. If it is to go all the same: $0 uninstall --with-data --with-held-footage"
}
