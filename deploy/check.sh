#!/usr/bin/env bash
# The fast check: format, lint, types, layers, and the tests that need no broker, database server,
# browser or real time, except the files of tests/slow_files.txt. It needs only the virtual environment
# and takes two minutes on two cores.
#
#   deploy/check.sh            everything
#   deploy/check.sh --static   without the tests
#   deploy/check.sh ARGS...    everything, with these arguments for pytest
set -euo pipefail
cd "$(dirname "$0")/.."
readonly bin=.venv/bin
# Each test program would compile every module anew.
unset PYTHONDONTWRITEBYTECODE

step() { printf '\n── %s\n' "$*" >&2; }

tell_types() {
    step "Types"
    wait "$types" || { cat "$said" && return 1; }
    cat "$said"
}

deploy/setup.sh check
said=$(mktemp)
# The checker of types takes one core; all else finds room on the other.
$bin/mypy >"$said" 2>&1 &
types=$!
trap 'rm -f "$said"' EXIT
step "Format and lint"
$bin/ruff format --check .
$bin/ruff check .
step "Layers: who may import whom"
$bin/lint-imports
if [[ ${1:-} == --static ]]; then
    tell_types
    exit
fi
step "Tests of the fast check"
deploy/fast_tests.sh $bin "$@" || failed=$?
tell_types || failed=1
exit "${failed:-0}"
