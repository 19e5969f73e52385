#!/usr/bin/env bash
# The tests of the fast check, with the Python of one virtual environment.
#
#   deploy/fast_tests.sh .venv/bin ARGS...            with these arguments for pytest
#   deploy/fast_tests.sh .venv/bin --all ARGS...      also files whose tests take long
set -euo pipefail
cd "$(dirname "$0")/.."

# Most tests have a database of their own: where there is room, its files stay in memory.
memory=$(df --output=avail /dev/shm 2>/dev/null | tail -1) || memory=0
if ((memory > 2 << 20)); then
    files=$(mktemp -d -p /dev/shm)
else
    files=$(mktemp -d)
fi
trap '[[ ${failed:-} ]] || rm -rf "$files"' EXIT
bin=$1
shift
later=()
if [[ ${1:-} == --all ]]; then
    shift
else
    # Not even read: to collect a file also takes time.
    mapfile -t later < <(sed 's/^/--ignore=/' tests/slow_files.txt)
fi
readonly slow="broker or postgres or browser or media or system or clock or campaign"
# The whole run tries more random examples. Workers beyond the cores use the time that others wait.
"$bin/pytest" -m "not ($slow)" --hypothesis-profile=fast -n 3 --dist loadfile \
    --basetemp "$files" "${later[@]}" "$@" || failed=$?
[[ -z ${failed:-} ]] || printf '\n── Files of failed tests: %s\n' "$files" >&2
exit "${failed:-0}"
