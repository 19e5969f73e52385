#!/usr/bin/env bash
# Installs what the tests need and runs every check: first the static checks of deploy/check.sh, then
# pytest with unit, integration, acceptance and browser tests. Real Mosquitto, PostgreSQL,
# Chromium, Firefox and ntfy are started by the tests themselves on free loopback ports.
#
#   deploy/test.sh             everything
#   deploy/test.sh ARGS...     the static checks, then pytest with these arguments
set -euo pipefail
cd "$(dirname "$0")/.."

# Each program that the tests start would compile every module anew.
unset PYTHONDONTWRITEBYTECODE

step() { printf '\n── %s\n' "$*" >&2; }

step "Set-up"
deploy/setup.sh test
deploy/recording.sh >/dev/null
deploy/recording.sh --scenes >/dev/null

deploy/check.sh --static
step "Types of the tests and of deploy/"
.venv/bin/mypy -p deploy -p tests
step "Tests"
# Whoever starts this in the background may ignore signals that some tests send. The workers take
# file by file, in the order of tests/needs.py; there are more of them than cores, because the tests
# wait for real programs.
workers=()
(($#)) || workers=(
    -n 4 --max-worker-restart 0 --dist loadfile --no-loadscope-reorder --durations 10
)
exec env --default-signal=HUP,INT,QUIT .venv/bin/pytest "${workers[@]}" "$@"
