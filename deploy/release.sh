#!/usr/bin/env bash
# Builds a release into dist/: wheels, the bundle for nodes, the list of parts, notes, and sums of all.
#
#   deploy/release.sh            of the commit that carries the tag v<version of pyproject.toml>
#   deploy/release.sh --draft    without the tag, to try it
#   deploy/release.sh --notes    prints only the notes
#
# The bundle is not signed: that is done where the town's update key lies, with deploy/node/sign.py.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly out=dist
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
readonly version

die() {
    printf 'release: %s\n' "$*" >&2
    exit 1
}

notes() { # the version's section of the changelog
    awk -v title="## $version" '
        /^## / { on = ($0 == title || index($0, title " ") == 1); next }
        on
    ' CHANGELOG.md | sed -e '/./,$!d'
}

check_commit() {
    [[ -z $(git status --porcelain) ]] || die "The checkout has changes. Commit them first."
    git tag --points-at HEAD | grep -qxF "v$version" ||
        die "This commit has no tag v$version. Tag it: git tag -a v$version -m 'Mắt Thần $version'"
}

case ${1-} in
    --notes | --draft | '') ;;
    *) die "Not understood: $1. See the head of $0" ;;
esac
[[ -n $(notes) ]] || die "CHANGELOG.md has no section '## $version'. Write one, in a user's words."
[[ ${1-} != --notes ]] || { notes && exit 0; }
[[ ${1-} == --draft ]] || check_commit

deploy/setup.sh test
rm -rf -- "$out"
deploy/wheels.sh "$out"
deploy/node/bundle.sh "$out/matthan-node-$version"
.venv/bin/python deploy/sbom.py "$out/matthan-$version.cdx.json"
notes >"$out/notes-$version.md"
sums=$(cd "$out" && sha256sum -- *.whl *.json *.md "matthan-node-$version/SHA256SUMS")
printf '%s\n' "$sums" >"$out/SHA256SUMS"
printf 'Release %s lies in %s. Sign the bundle: python3 deploy/node/sign.py sign KEY %s\n' "$version" "$out" "$out/matthan-node-$version" >&2
