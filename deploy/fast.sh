#!/usr/bin/env bash
# Makes the compiled form of finding motion (agent/vision/fast.c) for both processors.
#
#   deploy/fast.sh           writes agent/vision/fast-*.so
#   deploy/fast.sh --check   builds elsewhere and compares with those
#
# Needs .venv and a network: the compiler comes from PyPI (100 MB) and goes again afterwards. A node
# needs none of this: the libraries are in the checkout and in the bundle.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly source=agent/vision/fast.c compiler=ziglang==0.17.1
case ${1:-} in
    "" | --check) ;;
    *) echo "usage: fast.sh [--check]" >&2 && exit 2 ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
.venv/bin/python -m pip install --quiet --disable-pip-version-check --target "$scratch/tools" "$compiler"
sum=$(sha256sum "$source" | cut -d " " -f 1)

build() { # PROCESSOR OPTIONS...
    local processor=$1
    shift
    # No fused multiply and add: the answers are those of numpy, to the bit.
    PYTHONPATH=$scratch/tools ZIG_GLOBAL_CACHE_DIR=$scratch/cache .venv/bin/python -m ziglang cc \
        -target "$processor-linux-gnu.2.17" "$@" -std=c11 -O3 -ffp-contract=off -fno-sanitize=all \
        -mllvm -force-vector-interleave=1 -fPIC -shared -nostdlib -s -Wall -Wextra -Werror \
        -DMADE_OF="\"$sum\"" -o "$scratch/fast-$processor.so" "$source"
}
build x86_64 -mcpu=x86_64_v3
build aarch64

for processor in x86_64 aarch64; do
    if [[ ${1:-} == --check ]]; then
        cmp "$scratch/fast-$processor.so" "agent/vision/fast-$processor.so"
    else
        install -m 644 "$scratch/fast-$processor.so" "agent/vision/fast-$processor.so"
    fi
done
