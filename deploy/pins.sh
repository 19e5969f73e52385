#!/bin/sh
# Prints the pinned packages of these extras, with hashes, in the form of `pip install --require-hashes`.
#
#   deploy/pins.sh build agent hub
#
# `build` are the packages that build the project itself, `source` those that build packages without a
# wheel: install both before the others, which then need --no-build-isolation. `kernel` is the compiler of the C kernel.
exec awk -v wanted=" $* " '
    /^# for: / {
        on = 0
        for (at = 3; at <= NF; at++) on = on || index(wanted, " " $at " ")
        next
    }
    /^#/ { next }
    on
' "$(dirname "$0")/constraints.txt"
