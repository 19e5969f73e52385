#!/bin/sh
# Prints what is pinned for these extras, with hashes, as `pip install --require-hashes` reads it.
#
#   deploy/pins.sh build agent hub
#
# `build` is what builds the project itself, `source` what builds packages that have no wheel: install
# both before the others, which then need --no-build-isolation. `kernel` is the compiler of the C kernel.
exec awk -v wanted=" $* " '
    /^# for: / {
        on = 0
        for (at = 3; at <= NF; at++) on = on || index(wanted, " " $at " ")
        next
    }
    /^#/ { next }
    on
' "$(dirname "$0")/constraints.txt"
