#!/usr/bin/env bash
# The fast check: format, lint, types, layers, and every test that needs no broker, database server,
# browser or real time. It needs the virtual environment alone and takes about two minutes.
#
#   deploy/check.sh            all of it
#   deploy/check.sh --static   without the tests
#   deploy/check.sh ARGS...    the same, and these arguments for pytest
set -euo pipefail
cd "$(dirname "$0")/.."
readonly bin=.venv/bin
# Each test program would compile every module anew.
unset PYTHONDONTWRITEBYTECODE

step() { printf '\n── %s\n' "$*" >&2; }

# The checker of types takes one core; what comes before the tests finds room on the other.
static() {
    local types
    $bin/mypy >"$1/types" 2>&1 &
    types=$!
    step "Format and lint"
    $bin/ruff format --check .
    $bin/ruff check .
    step "Layers: who may import whom"
    $bin/lint-imports
    step "Types"
    wait "$types" || { cat "$1/types" && return 1; }
    cat "$1/types"
}

deploy/setup.sh check
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
static "$said"
[[ ${1:-} != --static ]] || exit 0
step "Tests of the fast check"
slow="broker or postgres or browser or media or system or clock or campaign"
# The whole run tries more random examples. Workers beyond the cores use the time that others wait.
$bin/pytest -m "not ($slow)" --hypothesis-profile=fast -n 4 --dist loadfile "$@"
