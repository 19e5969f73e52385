#!/usr/bin/env bash
# Asks whether a package of deploy/constraints.txt has a known weakness, by pip-audit.
#
#   deploy/audit.sh
#   deploy/audit.sh --vulnerability-service osv --osv-url URL    ask a mirror of your own
#
# Fails for a weakness that deploy/audit-accepted.txt does not accept with a reason. A package that
# could not be asked about (no network, an index without advisories) is printed as NOT AUDITED and does
# not fail.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly list=${ACCEPTED:-deploy/audit-accepted.txt}
accepted=()
while read -r id reason; do
    [[ -n $id && $id != \#* ]] || continue
    [[ -n $reason ]] || { echo "audit: $list accepts $id without a reason" >&2 && exit 1; }
    echo "accepted: $id: $reason"
    accepted+=(--ignore-vuln "$id")
done <"$list"

said=$(mktemp)
trap 'rm -f -- "$said"' EXIT
passed=yes
found=$(.venv/bin/pip-audit --requirement deploy/constraints.txt --disable-pip --require-hashes \
    --progress-spinner off "${accepted[@]}" "$@" 2>"$said") || passed=''
if [[ -z $passed && -z $found ]]; then
    echo "NOT AUDITED: the advisories cannot be reached: $(tail -n 1 "$said")"
    exit 0
fi
# Two tables: weaknesses, and packages that nobody could be asked about.
unasked=$(sed -n '/Skip Reason$/,$p' <<<"$found" | tail -n +3 | wc -l)
sed '/Skip Reason$/,$d' <<<"$found"
if ((unasked)); then
    echo "NOT AUDITED: $unasked packages, since their index knows no advisories"
else
    tail -n 1 "$said"
fi
[[ -n $passed ]]
