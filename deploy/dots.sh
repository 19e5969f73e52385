# shellcheck shell=bash
# Sourced, not run. Shows dots while a slow step runs.

exec 8>&2 # where the dots go, wherever a program's own errors are sent

# Runs a program; a dot goes to stderr every two seconds until it ends.
with_dots() { # PROGRAM ARGUMENTS...
    local dotter code=0
    write_dots &
    dotter=$!
    "$@" || code=$?
    kill "$dotter" 2>/dev/null || true
    wait "$dotter" 2>/dev/null || true
    return "$code"
}

# Ends when told to, or when the shell that began it is gone. It holds no lock of that shell, and its
# sleep no output, so that nobody waits for them.
write_dots() {
    exec 9>&-
    local written=0
    trap '((written == 0)) || printf "\n" >&8; exit 0' TERM
    while kill -0 $$ 2>/dev/null; do
        sleep 2 >/dev/null 2>&1 &
        wait $!
        printf . >&8
        written=1
    done
}
