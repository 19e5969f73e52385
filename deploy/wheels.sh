#!/usr/bin/env bash
# Builds the programs as two wheels, one for each processor: what the installers of hub, node and
# container install. Building twice gives the same bytes.
#
#   deploy/wheels.sh [FOLDER]    into FOLDER (default: dist); older wheels of the project there are removed first
#
# Needs Python with pip and a network: hatchling, Babel and, the first time, the compiler come from PyPI
# (100 MB). In a checkout that deploy/setup.sh has set up all are there.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly into=${1:-dist}
python=.venv/bin/python
[[ -x $python ]] || python=python3
options=(--quiet --disable-pip-version-check --no-deps --wheel-dir "$into")
! "$python" -c 'import babel, hatchling, ziglang' 2>/dev/null || options+=(--no-build-isolation)

mkdir -p "$into"
rm -f -- "$into"/matthan-*.whl
for processor in x86_64 aarch64; do
    echo "• Building the wheel for $processor …" >&2
    MATTHAN_KERNEL=$processor "$python" -m pip wheel "${options[@]}" . ||
        { echo "wheels: the wheel for $processor could not be built (see above)." >&2 && exit 1; }
done
