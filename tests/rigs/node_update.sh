#!/usr/bin/env bash
# Tries limits and updates of a node in an empty Debian that boots a real systemd, with a whole hub on
# this machine. The units' limits of memory, processor and tasks must take effect. Signed programs go
# the whole way: `matthan-hub programs add`, download, path unit, installer, the other slot, the hub's
# table. A node must go back from a release that cannot start. The rig ends at the first failure.
#
#   tests/rigs/node_update.sh
#   STICK=FOLDER tests/rigs/node_update.sh    a bundle that was made before (deploy/node/bundle.sh)
#   FIRST=FOLDER tests/rigs/node_update.sh    the bundle of an older version, which the node is installed from
#   KEEP=yes tests/rigs/node_update.sh        the node of the last run, for work on this file
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/rigs/booted.sh
source tests/rigs/booted.sh
work=$(mktemp -d)
readonly work name="update-$suite" unit=matthan-agent.service
readonly python=.venv/bin/python
town='' groups=()

leave() {
    power_off
    ((${#groups[@]} == 0)) || find "${groups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null || true
    if [[ -n $town ]]; then
        exec 7>&-
        wait "$town" || true
    fi
    rm -rf -- "$work"
}
trap leave EXIT

# Where this kernel's control groups are of the first version, a container has them read-only: it gets
# groups of its own below this shell's, and may write them.
boot_with_limits() {
    local kind own
    [[ -d /sys/fs/cgroup/memory ]] || { boot "$name" && return; }
    groups=()
    for kind in cpu cpuacct memory pids; do
        own=$(sed -n "s/^[0-9]*:$kind://p" /proc/self/cgroup)
        groups+=("/sys/fs/cgroup/$kind${own%/}/matthan-rig-$$")
    done
    mkdir -p "${groups[@]}"
    cat >"$root/sbin/init-with-limits" <<'INIT'
#!/bin/sh
for kind in cpu cpuacct memory pids; do mount -o remount,bind,rw "/sys/fs/cgroup/$kind"; done
exec /sbin/init
INIT
    chmod 755 "$root/sbin/init-with-limits"
    (
        for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
        exec systemd-nspawn --quiet --keep-unit --register=no --resolv-conf=off --console=pipe \
            -M "$name-$$" -D "$root" /sbin/init-with-limits
    ) >"$root.log" 2>&1 </dev/null &
    nspawn=$!
    note "waiting, two minutes at most: $name boots"
    for _ in $(seq 600); do
        leader=$(pgrep -P "$nspawn" | head -n 1 || true)
        [[ -z $leader ]] || ! inside systemctl is-active --quiet multi-user.target || return 0
        sleep 0.2
    done
    note "it did not boot" && tail -n 20 "$root.log" >&2 && return 1
}

measured() { # UNIT, file of version one, file of version two
    inside sh -c "cat /sys/fs/cgroup/*/system.slice/$1/$2 /sys/fs/cgroup/system.slice/$1/$3 2>/dev/null | xargs"
}
peak() { measured "$1" memory.max_usage_in_bytes memory.peak | cut -d ' ' -f 1; }
property() { inside systemctl show -p "$2" --value "$1"; }
pid() { property "$unit" MainPID; }
is_up() { inside systemctl is-active --quiet "$unit"; }
slot() { inside readlink /opt/matthan/agent; }
hub() { .venv/bin/matthan-hub "$@" --config "$work/town/hub.toml"; }

at_the_hub() { # WORDS OF SQL: one line, with | between
    "$python" - "$work/town/hub/hub.sqlite" "$1" <<'PY'
import sqlite3
import sys

with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as database:
    print("\n".join("|".join(map(str, row)) for row in database.execute(sys.argv[2])))
PY
}
standing() { at_the_hub "SELECT state FROM node_programs"; }
is_standing() { [[ $(standing) == "$1" ]]; }
waits_long() { # WHAT COMMAND...: an installer runs meanwhile, on a busy machine
    local what=$1
    shift
    note "waiting, half an hour at most: $what"
    for _ in $(seq 3600); do
        ! "$@" >/dev/null 2>&1 || { note "so it is: $what" && return; }
        sleep 0.5
    done
    note "NOT SO: $what" && inside journalctl -b --no-pager -n 60 >&2
    exit 1
}

release() { # NAME STEPS PATCH: the stick with changed programs, signed and packed as $work/NAME.tar
    local folder=$work/$1 source=$work/source number
    rm -rf -- "$source"
    mkdir "$source"
    git ls-files -z ':!tests' ':!docs' |
        tar -c --null -T - | tar -x -C "$source"
    ln -s "$PWD/.venv" "$source/.venv"
    printf '%s\n' "$3" >>"$source/agent/__main__.py"
    cp -a --reflink=auto "$stick" "$folder"
    "$source/deploy/wheels.sh" "$folder/wheels"
    number=$(cut -d ' ' -f 1 "$stick/RELEASE")
    printf '%s %s\n' "$((number + $2))" "$1" >"$folder/RELEASE"
    sums=$(cd "$folder" && find . -type f ! -name 'SHA256SUMS*' -print0 | sort -z | xargs -0 sha256sum)
    printf '%s\n' "$sums" >"$folder/SHA256SUMS"
    "$python" deploy/node/sign.py sign "$work/key/update.key" "$folder"
    "$python" deploy/node/sign.py pack "$folder" "$work/$1.tar"
    rm -rf -- "$folder"
}

want() { # NAME
    local sha256
    hub programs add "$work/$1.tar" --key "$work/key/update.pub" >&2
    sha256=$(sha256sum "$work/$1.tar" | cut -d ' ' -f 1)
    hub config set --node nga-tu-01 "programs.bundle=\"$sha256\"" --reason "rig: $1" >&2
}

give_papers() { # as an enrolment leaves them: papers of the hub's authority, and the configuration
    mkdir -p "$root/etc/matthan/papers"
    "$python" - "$work/town/agent.toml" "$root/etc/matthan" <<'PY'
import shutil
import sys
import tomllib
from pathlib import Path

said = tomllib.loads(Path(sys.argv[1]).read_text())
folder, broker = Path(sys.argv[2]), said["broker"]
for key in ("ca_file", "cert_file", "key_file"):
    shutil.copy(broker[key], folder / "papers" / f"{key}.pem")
    broker[key] = f"/etc/matthan/papers/{key}.pem"
lines = ["[node]", f'name = "{said["node"]["name"]}"', "[broker]"]
lines += [f"{key} = {value!r}" for key, value in broker.items()]
lines += ["[[camera]]", 'name = "cam-1"', 'recording = "/srv/street.mp4"', "loop = true"]
(folder / "agent.toml").write_text("\n".join(lines) + "\n")
PY
    inside chown -R root:matthan /etc/matthan
    inside chown matthan /etc/matthan/papers/key_file.pem
    inside chmod 600 /etc/matthan/papers/key_file.pem
}

hog() { # WHAT DROPIN: the agent's own unit with another program
    inside sh -c "sed -e '/^ExecStartPre/d' -e 's|^ExecStart=.*|ExecStart=/usr/bin/python3 /srv/matthan/tests/rigs/hog.py $1|' \
        -e 's/^StateDirectory.*//' /etc/systemd/system/$unit >/etc/systemd/system/matthan-hog.service
        mkdir -p /etc/systemd/system/matthan-hog.service.d
        printf '%b' '[Service]\n$2\n' >/etc/systemd/system/matthan-hog.service.d/more.conf
        systemctl daemon-reload; systemctl restart matthan-hog.service"
}
was_ended_twice() { (($(property matthan-hog.service NRestarts) >= 2)); }

note "a town's hub, and the stick"
mkfifo "$work/hold"
film=$(deploy/recording.sh)
"$python" -m tests.rigs.town_for "$work/town" "$film" <"$work/hold" >"$work/town.said" 2>"$work/town.err" &
town=$!
exec 7>"$work/hold"
stick=${STICK:-$work/stick}
[[ -d $stick ]] || PLATFORM=x86_64 PYTHONS=${PYTHONS:-3.13} deploy/node/bundle.sh "$stick"
"$python" deploy/node/sign.py key "$work/key"
for _ in $(seq 600); do
    ! grep -q ready "$work/town.said" || break
    kill -0 "$town" || { note "NOT SO: the town's hub runs" && tail -n 3 "$work/town.err" >&2 && exit 1; }
    sleep 0.5
done
make_base
root=$roots/$name
if [[ -z ${KEEP-} ]]; then
    fresh_root "$name" "$PWD"
    cp -a "${FIRST:-$stick}" "$root/srv/stick"
    cp "$film" "$root/srv/street.mp4"
fi
boot_with_limits

note "the node: installed, with papers of that hub"
[[ -n ${KEEP-} ]] || inside /srv/stick/deploy/node/install.sh
give_papers
cp "$work/key/update.pub" "$root/etc/matthan/update.pub"
inside systemctl restart "$unit"
expect "the agent runs" is_up
first=$(slot)
is_known() { [[ $(at_the_hub "SELECT count(*) FROM cameras") == 1 ]]; }
expect "the hub knows its camera" is_known

note "limits: the agent at its work"
sleep "${WATCHED_S:-60}"
before=$(pid)
note "of $(property "$unit" MemoryMax) bytes the agent took $(peak "$unit") at most; its quota: $(measured "$unit" cpu.stat cpu.stat)"
(($(peak "$unit") < 700 * 1024 * 1024))
[[ $(property "$unit" NRestarts) == 0 ]]
note "limits: one that takes memory without end, under the agent's own unit"
hog memory 'RestartSec=2s'
was_killed() { inside journalctl -b -u matthan-hog.service -o cat | grep -q 'code=killed, status=9/KILL'; }
expect "it is killed" was_killed
expect "it is begun again, and again" was_ended_twice
[[ $(measured matthan-hog.service memory.limit_in_bytes memory.max) == "$(property "$unit" MemoryMax)" ]]
[[ $(pid) == "$before" ]] && is_up
note "so it is: the agent beside it never ended"
hog tasks ''
was_counted() { inside journalctl -b -u matthan-hog.service -o cat | grep -q '^threads: '; }
expect "it may begin no more threads" was_counted
threads=$(inside journalctl -b -u matthan-hog.service -o cat | sed -n 's/^threads: //p' | tail -n 1)
note "it began $threads threads of $(property "$unit" TasksMax) tasks" && ((threads < 256))
hog processor 'CPUQuota=20%'
used_ms() { measured matthan-hog.service cpu.stat cpu.stat | grep -o 'usage_usec [0-9]*' | awk 'NR == 1 { print int($2 / 1000) }'; }
expect "its processor is counted" used_ms
from=$(used_ms)
sleep 20
share=$((($(used_ms) - from) / 200))
note "of a quota of 20 % it had $share % of a core in 20 s" && ((share <= 23))
inside systemctl disable --quiet --now matthan-hog.service
[[ $(pid) == "$before" ]]

note "programs from the hub: a newer release"
release newer 1 '# newer'
want newer
waits_long "the node works by it, and the hub says so" is_standing in_force
second=$(slot)
[[ $second != "$first" ]]
[[ $(inside cat /opt/matthan/agent/share/matthan/RELEASE) == *newer ]]
[[ $(inside stat -c %U "/proc/$(pid)") == matthan ]]
is_reported() { at_the_hub "SELECT report FROM node_programs" | grep -q '"newer"'; }
expect "the hub names the release" is_reported

note "programs from the hub: one that cannot start"
release broken 2 'raise SystemExit("it cannot start")'
want broken
began=$SECONDS
waits_long "it was left, and the hub says so" is_standing fell_back
note "after $((SECONDS - began)) s: $(at_the_hub "SELECT reason FROM node_programs")"
[[ $(slot) == "$second" ]]
expect "the agent runs by the release before" is_up
[[ $(inside cat /opt/matthan/agent/share/matthan/RELEASE) == *newer ]]

note "the plug, and it is what it was"
power_off
boot_with_limits
expect "the agent runs" is_up
[[ $(slot) == "$second" ]]
note "all of it came about"
