# shellcheck shell=bash
# Sourced by bundle.sh, not run: puts Debian's packages onto the stick, for boxes without a network.

readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirrors that this machine's apt asks already, and what a box gets of them: of the archive itself
# and of security, as the folder is called.
sources() { # SUITE
    local site
    for site in ${MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' 2>/dev/null | sort -u)}; do
        case ${site%/} in
            */debian) printf "deb [signed-by=$keyring] $site %s main\n" "$1" "$1-updates" ;;
            */debian-security) printf "deb [signed-by=$keyring] $site %s main\n" "$1-security" ;;
        esac
    done
}

# With all that they depend on, down to libc, so that a box of any age finds what fits together. By an
# apt of their own that believes nothing to be installed, and that this machine's packages are nothing to.
fetch_packages() { # SUITE ARCHITECTURE FOLDER
    local apt names options deb into
    apt=$(mktemp -d)
    mkdir -p "$apt/etc/preferences.d" "$apt"/{lists,cache/archives}/partial
    : >"$apt/status"
    sources "$1" >"$apt/etc/sources.list"
    options=(-qq -o Dir::Etc="$apt/etc" -o Dir::State="$apt" -o Dir::State::status="$apt/status"
        -o Dir::Cache="$apt/cache" -o APT::Architecture="$2" -o APT::Architectures="$2" -o APT::Sandbox::User=root
        -o APT::Update::Error-Mode=any)
    mapfile -t names <deploy/node/packages.txt
    if ! apt-get "${options[@]}" update ||
        ! apt-get "${options[@]}" -y --no-install-recommends --download-only install "${names[@]}" >/dev/null; then
        rm -rf -- "$apt"
        echo "bundle: Debian's packages could not be fetched (see above). Does apt know a mirror of Debian? Update its lists (apt update), or name one: MIRROR=URL" >&2
        exit 1
    fi
    mkdir -p "$3"
    for deb in "$apt"/cache/archives/*.deb; do # without a version: a FAT stick takes no colon
        into=$(dpkg-deb --field "$deb" Package).deb
        mv -- "$deb" "$3/$into"
    done
    rm -rf -- "$apt"
    list_packages "$3"
}

# What apt reads to choose from a folder.
list_packages() { # FOLDER
    local deb
    for deb in "$1"/*.deb; do
        dpkg-deb --field "$deb"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${deb##*/}" "$(stat -c %s "$deb")" "$(sha256sum <"$deb" | cut -d ' ' -f 1)"
    done >"$1/Packages"
    # Long past: a box whose clock is behind would believe in no later one.
    printf 'Date: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n %s %s Packages\n' \
        "$(sha256sum <"$1/Packages" | cut -d ' ' -f 1)" "$(stat -c %s "$1/Packages")" >"$1/Release"
}
