#!/usr/bin/env bash
# Makes the compiled forms for both processors: of finding motion (agent/vision/fast.c and those
# beside it) and of what the network is shown (agent/vision/scale.c).
#
#   deploy/fast.sh           writes agent/vision/fast-*.so and scale-*.so
#   deploy/fast.sh --check   builds elsewhere and compares with those
#
# Needs .venv and a network: the compiler comes from PyPI (100 MB) and goes again afterwards. A node
# needs none of this: the libraries are in the checkout and in the bundle.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly compiler=ziglang==0.17.1 mode=${1:-}
case $mode in
    "" | --check) ;;
    *) echo "usage: fast.sh [--check]" >&2 && exit 2 ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
.venv/bin/python -m pip install --quiet --disable-pip-version-check --target "$scratch/tools" "$compiler"

build() { # LIBRARY PROCESSOR OPTIONS...: of its sources
    local library=$1 processor=$2 sum name
    shift 2
    local -n names=$library
    local sources=("${names[@]/#/agent/vision/}") code
    mapfile -t code < <(printf '%s\n' "${sources[@]}" | grep '\.c$')
    sum=$(cat "${sources[@]}" | sha256sum | cut -d " " -f 1)
    name=$library-$processor.so
    # No fused multiply and add: the answers are those of numpy, to the bit.
    PYTHONPATH=$scratch/tools ZIG_GLOBAL_CACHE_DIR=$scratch/cache .venv/bin/python -m ziglang cc \
        -target "$processor-linux-gnu.2.17" "$@" -std=c11 -O3 -ffreestanding -ffp-contract=off \
        -fno-sanitize=all -mllvm -force-vector-interleave=1 -fPIC -shared -nostdlib -Wl,-Bsymbolic -s -Wall \
        -Wextra -Werror -DMADE_OF="\"$sum\"" -o "$scratch/$name" "${code[@]}"
    if [[ $mode == --check ]]; then
        cmp "$scratch/$name" "agent/vision/$name"
    else
        install -m 644 "$scratch/$name" "agent/vision/$name"
    fi
}

# shellcheck disable=SC2034 # by name, in build
fast=(fast.h fast.c light.c learn.c pieces.c)
build fast x86_64 -mcpu=x86_64_v3
build fast aarch64
# shellcheck disable=SC2034 # likewise
scale=(scale.c)
build scale x86_64 -mcpu=x86_64_v3
build scale aarch64
