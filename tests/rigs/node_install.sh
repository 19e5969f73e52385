#!/usr/bin/env bash
# Tries the node's installer in an empty Debian that boots a real systemd. Wheels and Debian's packages
# come from a stick, without any network; the node enrols at a hub on this machine and has a recorded
# street as its camera. It is killed, stopped, loses power while it installs and while it runs, and is
# uninstalled. The rig ends at the first failure.
#
#   tests/rigs/node_install.sh
#   SUITE=bookworm tests/rigs/node_install.sh    on Debian 12
#   PULLS=5 tests/rigs/node_install.sh     number of power cuts during an upgrade
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/rigs/booted.sh
source tests/rigs/booted.sh
readonly pulls="${PULLS:-3}" alone=matthan-$$
if [[ $suite == bookworm ]]; then python=3.11; else python=3.13; fi
work=$(mktemp -d)
readonly work
hub=''
leave() {
    power_off
    [[ -z $hub ]] || pkill -TERM -P "$hub" || true # its broker
    [[ -z $hub ]] || kill -KILL "$hub" || true
    ip netns delete "$alone" || true
    rm -rf -- "$work"
}
trap leave EXIT

refuses() { ! "$@"; }
installs() { inside /srv/stick/deploy/node/install.sh "$@"; }
pid() { inside systemctl show -p MainPID --value matthan-agent.service; }
is_up() { inside systemctl is-active --quiet matthan-agent.service; }
is_new_pid() { # THE OLD ONE
    local now
    now=$(pid)
    [[ $now =~ ^[1-9] && $now != "$1" ]] && is_up
}
# shellcheck disable=SC2016 # expanded inside
lacking() { # of Debian's packages
    inside bash -c 'while read -r name; do dpkg -s "$name" >/dev/null 2>&1 || echo "$name"; done \
        </srv/stick/deploy/node/packages.txt' | xargs
}
is_born() { grep -q 'matthan/nga-tu-07/up/status' "$work/heard"; }

note "a network with nothing in it but the hub; and the stick"
ip netns add "$alone"
ip -n "$alone" link set lo up
network=(nsenter "--net=/run/netns/$alone")
mkfifo "$work/hold"
"${network[@]}" .venv/bin/python -m tests.rigs.enrolling_hub nga-tu-07 <"$work/hold" >"$work/heard" &
hub=$!
exec 7>"$work/hold"
PLATFORM=x86_64 PYTHONS=$python deploy/node/bundle.sh "$work/stick"
expect_here() { note "waiting, two minutes at most: $*"; for _ in $(seq 240); do "$@" && return; sleep 0.5; done; note "NOT SO: $*"; exit 1; }
expect_here test -s "$work/heard"
code=$(head -n 1 "$work/heard")

make_base
fresh_root "node-$suite" "$PWD"
cp -a "$work/stick" "$root/srv/stick"
cp "$(deploy/recording.sh)" "$root/srv/street.mp4"
boot "node-$suite"

note "a stick that was not copied whole"
wheel=$(inside bash -c 'ls /srv/stick/wheels/numpy* | head -n 1')
inside cp "$wheel" /srv/whole
inside truncate -s 100000 "$wheel"
! installs "$code" 2>"$work/said" || exit 1
grep -q 'was not copied whole' "$work/said"
inside cp /srv/whole "$wheel"

note "the first time, with the code; what is missing: $(lacking)"
[[ -n $(lacking) && -z $(inside ip route) ]]
time installs "$code"
inside test -s /etc/matthan/agent.toml
[[ $(inside stat -c %U:%a /var/lib/matthan/papers) == matthan:700 ]]
inside sed -i 's|^url = .*|recording = "/srv/street.mp4"|' /etc/matthan/agent.toml
inside systemctl restart matthan-agent.service
expect "the agent runs as a notifying service" is_up
expect "the broker hears its birth" is_born
inside runuser -u matthan -- matthan-agent check >&2
[[ $(inside stat -c %U "/proc/$(pid)") == matthan ]]
note "memory: $(inside grep -E "VmHWM|VmRSS" "/proc/$(pid)/status" | xargs)"

note "kill -9, then stopped as one that hangs"
before=$(pid)
signal KILL "$before"
expect "it is back" is_new_pid "$before"
before=$(pid)
signal STOP "$before"
expect "systemd noticed and began it again" is_new_pid "$before"

note "the plug pulled $pulls times while a new version is installed"
for pull in $(seq "$pulls"); do
    # shellcheck disable=SC2016 # expanded inside
    inside bash -c 'echo "# $RANDOM" >>/srv/stick/deploy/constraints.txt; rm /srv/stick/SHA256SUMS 2>/dev/null || true'
    installs >/dev/null 2>&1 &
    sleep "$((RANDOM % 25 + 1))"
    power_off
    boot "node-$suite"
    expect "after pull $pull the agent runs" is_up
done
note "and once to its end"
installs
expect "it runs" is_up
[[ -z $(inside systemctl --failed --no-legend --plain) ]]

note "uninstalled"
installs uninstall
inside test -s /etc/matthan/agent.toml
[[ -z $(inside bash -c 'ls -d /opt/matthan /etc/systemd/system/matthan-* /usr/local/bin/matthan-agent 2>/dev/null') ]]
refuses installs uninstall --with-data # nobody is there to be sure
installs uninstall --with-data --yes
[[ -z $(inside bash -c 'ls -d /var/lib/matthan /etc/matthan 2>/dev/null') ]]
note "done"
