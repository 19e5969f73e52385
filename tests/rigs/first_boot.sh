#!/usr/bin/env bash
# Tries a flashed card that sets up a camera box by itself: an empty Debian with cloud-init boots a real
# systemd, finds the hub's user-data and the stick's folder beside it, and enrols. Then the box's key is
# sealed, unsealed and sealed again, and the power is cut.
#
#   tests/rigs/first_boot.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/rigs/booted.sh
source tests/rigs/booted.sh
work=$(mktemp -d)
readonly work
hub=''
leave() {
    power_off
    [[ -z $hub ]] || pkill -TERM -P "$hub" || true # its broker
    [[ -z $hub ]] || kill -KILL "$hub" || true
    rm -rf -- "$work"
}
trap leave EXIT

installs() { inside bash /boot/firmware/matthan/deploy/node/install.sh "$@"; }
is_enrolled() { inside test -s /etc/matthan/agent.toml; }
is_forgotten() {
    [[ ! -e $root/etc/matthan-first-boot && ! -e $root/boot/firmware/user-data ]] &&
        ! inside systemctl is-enabled --quiet matthan-first-boot.service
}
is_up() { inside systemctl is-active --quiet matthan-agent.service; }

note "the hub, and the stick"
mkfifo "$work/hold"
.venv/bin/python -m tests.rigs.enrolling_hub nga-tu-07 <"$work/hold" >"$work/heard" &
hub=$!
exec 7>"$work/hold"
PLATFORM=x86_64 PYTHONS=${PYTHONS:-3.13} deploy/node/bundle.sh "$work/stick"
note "waiting, two minutes at most: the hub hands out a code"
for _ in $(seq 240); do [[ ! -s $work/heard ]] || break; sleep 0.5; done
code=$(head -n 1 "$work/heard")
[[ -n $code ]] || { note "NOT SO: the hub handed out a code" && exit 1; }

make_base
fresh_root "first-$suite" "$PWD"
note "cloud-init and what Raspberry Pi OS has from the beginning, put into the card"
mount --bind /dev "$root/dev"
chroot "$root" apt-get update -qq
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends \
    cloud-init python3-venv ca-certificates >"$work/apt.log" 2>&1 || { tail "$work/apt.log" >&2 && exit 1; }
umount "$root/dev"
mkdir -p "$root/boot/firmware" "$root/var/lib/cloud/seed/nocloud" "$root/srv"
cp -a "$work/stick" "$root/boot/firmware/matthan"
find "$root/boot/firmware/matthan" -type f -exec chmod a-x {} + # as on a FAT partition
cp "$(deploy/recording.sh)" "$root/srv/street.mp4"
printf 'instance-id: matthan-1\n' >"$root/var/lib/cloud/seed/nocloud/meta-data"
.venv/bin/python - "$code" >"$root/boot/firmware/user-data" <<'PY'
import sys

from agent.wire.enrolment import EnrolmentCode
from hub.nodes.enrolment.cloud_init import user_data

sys.stdout.write(user_data("nga-tu-07", EnrolmentCode.parse(sys.argv[1])))
PY
cp "$root/boot/firmware/user-data" "$root/var/lib/cloud/seed/nocloud/user-data"
printf 'datasource_list: [NoCloud]\n' >"$root/etc/cloud/cloud.cfg.d/99-card.cfg"

note "its first start"
from=$SECONDS
boot "first-$suite"
expect "cloud-init has done its part" inside test -e /var/lib/cloud/instance/boot-finished
[[ $(inside hostname) == nga-tu-07 ]]
note "waiting, a quarter of an hour at most: it is enrolled"
for _ in $(seq 900); do ! is_enrolled || break; sleep 1; done # a busy machine takes its time
expect "it is enrolled" is_enrolled
expect "the agent runs" is_up
note "from the first start to a running agent: $((SECONDS - from)) s"
expect "code and file are gone from the card" is_forgotten
inside sed -i 's|^url = .*|recording = "/srv/street.mp4"|' /etc/matthan/agent.toml
inside systemctl restart matthan-agent.service
expect "the agent runs with a street" is_up
note "the key is sealed, and the agent goes on with it"
key=$(inside bash -c 'ls /var/lib/matthan/papers/*/node.key')
cp "$root$key" "$work/key"
installs seal
! inside test -e "$key" || exit 1
[[ $(inside stat -c %a /etc/matthan/node.key.sealed) == 600 ]]
expect "the agent runs" is_up
inside systemctl start matthan-agent-check.service
installs unseal
inside cat "$key" | cmp - "$work/key"
[[ $(inside stat -c %U:%a "$key") == matthan:600 ]]
installs seal
expect "the agent runs" is_up

note "started again it stays what it is"
power_off
boot "first-$suite"
expect "the agent runs" is_up
note "done"
