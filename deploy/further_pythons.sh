#!/usr/bin/env bash
# Runs the tests of the fast check on each Python of 3.11 to 3.13 that this machine has beside the one
# of .venv, and says which it tried and which not. Format, lint, layers, types and the checks of the
# project's own text are the same on each.
#
#   deploy/further_pythons.sh ARGS...     with these arguments for pytest
#
# Needs a filled .venv. Its uv installs the packages, because pip takes as long as the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n── %s\n' "$*" >&2; }

# A name on the PATH may be a stand-in that runs nothing, so the program itself is asked.
is_there() { # VERSION
    "python$1" -c "import ensurepip, sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null
}

install_for() { # VERSION FOLDER
    local uv=(.venv/bin/uv pip install --quiet --python "$2/bin/python" --no-build-isolation)
    .venv/bin/uv venv --quiet --clear --python "$(command -v "python$1")" "$2"
    # What builds a package comes first, as in deploy/setup.sh.
    deploy/pins.sh build source >"$2/builders.txt"
    deploy/pins.sh kernel agent hub test >"$2/pins.txt"
    "${uv[@]}" --require-hashes --requirement "$2/builders.txt"
    "${uv[@]}" --require-hashes --requirement "$2/pins.txt"
    "${uv[@]}" --no-deps --editable .
}

own=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for version in 3.11 3.12 3.13; do
    if [[ $version == "$own" ]]; then
        continue
    elif is_there "$version"; then
        step "Tests of the fast check on Python $version"
        install_for "$version" ".venv/further/$version"
        # Each worker would rewrite the assertions of all files. So a failure says less here.
        deploy/fast_tests.sh ".venv/further/$version/bin" --ignore=tests/house --assert=plain "$@"
    else
        step "Python $version is not on this machine: not tried"
    fi
done
