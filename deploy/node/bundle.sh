#!/usr/bin/env bash
# Makes the folder for a stick, from which a camera box is installed without a network.
#
#   deploy/node/bundle.sh FOLDER                        Raspberry Pi OS 12 and 13 (arm64, Python 3.11, 3.13)
#   PLATFORM=x86_64 PYTHONS=3.13 deploy/node/bundle.sh FOLDER
#
# Then, on the box: sudo FOLDER/deploy/node/install.sh CODE. The folder has the Debian packages that a
# box may lack, except python3-picamera2, which is not Debian's and is on every Raspberry Pi OS.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly target=${1:?"Say into which folder: $0 FOLDER"}
readonly platform=${PLATFORM:-aarch64}
read -r -a pythons <<<"${PYTHONS:-3.11 3.13}"
# shellcheck source=deploy/node/packages.sh
source deploy/node/packages.sh
python=.venv/bin/python
[[ -x $python ]] || python=python3

[[ ! -e $target ]] || { echo "bundle: $target is there already. Say another folder, or remove it." >&2 && exit 1; }
command -v apt-get >/dev/null || { echo "bundle: apt-get is missing here. Make the stick on a Debian, Raspberry Pi OS or Ubuntu." >&2 && exit 1; }
[[ -s $keyring ]] || { echo "bundle: Debian's keys are missing here. Install them: apt install debian-archive-keyring" >&2 && exit 1; }
case $platform in
    aarch64) architecture=arm64 ;;
    x86_64) architecture=amd64 ;;
    *) echo "bundle: PLATFORM is aarch64 or x86_64, not $platform." >&2 && exit 1 ;;
esac
readonly draft=$target.part
rm -rf -- "$draft"
mkdir -p "$draft/wheels"
trap 'rm -rf -- "$draft"' EXIT
git ls-files -z deploy systemd docs README.md LICENSE ':!docs/images' |
    tar -c --null -T - | tar -x -C "$draft"
deploy/wheels.sh "$draft/wheels" # the programs, for both processors

for version in "${pythons[@]}"; do
    echo "• Fetching wheels for Python $version on $platform …" >&2
    tags=()
    for glibc in 17 27 28 31 34 35 36; do tags+=(--platform "manylinux_2_${glibc}_$platform"); done
    "$python" deploy/node/wanted.py "$version" "$platform" >"$draft/wanted"
    "$python" -m pip download --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes \
        --python-version "$version" --implementation cp --abi "cp${version/./}" --abi abi3 --abi none \
        "${tags[@]}" --platform "manylinux2014_$platform" --dest "$draft/wheels" \
        --requirement "$draft/wanted"
    rm -f "$draft/wanted"
    case $version in
        3.11) suite=bookworm ;;
        3.13) suite=trixie ;;
        *) continue ;; # no Debian's own
    esac
    echo "• Fetching Debian's packages for $suite on $architecture …" >&2
    fetch_packages "$suite" "$architecture" "$draft/packages/$suite-$architecture"
done
# An older release has a lower number: a box takes none of its own accord.
printf '%s %s\n' "$(git log -1 --format=%ct)" "$(git log -1 --format=%cd-%h --date=format:%Y%m%d)" >"$draft/RELEASE"
sums=$(cd "$draft" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
printf '%s\n' "$sums" >"$draft/SHA256SUMS"
sync -f "$draft"
mv -T -- "$draft" "$target"
trap - EXIT
du -sh "$target" >&2
