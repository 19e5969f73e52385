#!/usr/bin/env bash
# Tries encrypted footage in an empty Debian that boots a real systemd, with the data on a card of its
# own (a file with ext4). The installer's command encrypts the existing footage, the power is cut, the
# machine boots again without a person, and the card is searched like by a thief who has only the card.
#
#   tests/rigs/encrypted.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/rigs/booted.sh
source tests/rigs/booted.sh
work=$(mktemp -d)
readonly work name="encrypted-$suite"
readonly words='somebody at the gate at two in the morning'
readonly settings=/run/systemd/nspawn/$name-$$.nspawn
unplug() { # the kernel forgets the key with the file system
    power_off
    ! mountpoint -q "$work/card" || umount "$work/card"
}
leave() {
    unplug
    rm -rf -- "$work" "$settings"
}
trap leave EXIT
plug_in() {
    mount -o loop "$work/card.img" "$work/card"
    device=$(findmnt -no SOURCE "$work/card")
    printf '[Files]\nBind=%s:/var/lib/matthan\nBind=%s\n' "$work/card" "$device" >"$settings"
    boot "$name"
}
opens() { inside systemctl is-active --quiet matthan-shelf.service; }
is_read() { [[ $(inside cat "/var/lib/matthan/clips/$1") == "$words" ]]; }

make_base
fresh_root "$name" "$PWD"
mkdir -p "$work/card" "${settings%/*}"
rm -rf -- "$root"/opt/matthan "$root"/etc/matthan "$root"/var/lib/matthan "$root"/etc/systemd/system/matthan-*
truncate -s 64M "$work/card.img"
mkfs.ext4 -q "$work/card.img"

chroot "$root" sh -c "command -v tune2fs" >/dev/null || # every Debian that was not made small has it
    chroot "$root" apt-get -qq install --no-install-recommends e2fsprogs >/dev/null

note "a box with footage in the open; its agent is a stand-in, what is tried is the folder below it"
mount -o loop "$work/card.img" "$work/card"
chroot "$root" id -u matthan >/dev/null 2>&1 ||
    chroot "$root" useradd --system --home-dir /var/lib/matthan matthan
owner=$(chroot "$root" id -u matthan):$(chroot "$root" id -g matthan)
mkdir -p "$work/card/clips/2026-11-25" "$root/etc/matthan" "$root/opt/matthan/agent/bin"
install -D -m 644 -t "$root/opt/matthan/agent/lib/python3.13/site-packages/agent/recording/store" agent/recording/store/encryption.py
printf '%s' "$words" >"$work/card/clips/2026-11-25/a.mp4"
chown -R "$owner" "$work/card"
chmod 700 "$work/card" "$work/card/clips"
umount "$work/card"
grep -q "$words" "$work/card.img"
touch "$root/etc/matthan/agent.toml"
printf '#!/bin/sh\necho /var/lib/matthan/clips\n' >"$root/opt/matthan/agent/bin/python"
printf '#!/bin/sh\nsystemd-notify --ready\nwhile systemd-notify WATCHDOG=1; do sleep 5; done\n' \
    >"$root/opt/matthan/agent/bin/matthan-agent"
chmod 755 "$root"/opt/matthan/agent/bin/*
sed -i 's/^NotifyAccess=main/NotifyAccess=all/' "$root/srv/matthan/systemd/matthan-agent.service"
plug_in

note "encrypted by the installer's command"
inside /srv/matthan/deploy/node/install.sh encrypt || { inside journalctl -u matthan-shelf >&2; exit 1; }
opens
inside systemctl is-active --quiet matthan-agent.service
is_read 2026-11-25/a.mp4
[[ $(inside stat -c %a:%U /var/lib/matthan/clips /etc/matthan/clips.key.sealed | xargs) == '700:matthan 600:root' ]]
inside runuser -u matthan -- sh -c "printf '%s' '$words' >/var/lib/matthan/clips/new.mp4"
inside sync

note "the plug, and the card in other hands"
unplug
mount -o loop "$work/card.img" "$work/card"
! find "$work/card/clips" -mindepth 1 | grep -qE 'mp4|2026' || exit 1
! cat "$work"/card/clips/* >/dev/null 2>&1 || exit 1
umount "$work/card"

note "booted again, without a person"
plug_in
expect "the folder is open" opens
is_read 2026-11-25/a.mp4
is_read new.mp4
expect "the agent runs" inside systemctl is-active --quiet matthan-agent.service

note "the command once more changes nothing, and without its key the folder stays shut and the agent runs"
inside /srv/matthan/deploy/node/install.sh encrypt
is_read new.mp4
inside mv /etc/matthan/clips.key.sealed /etc/matthan/elsewhere
printf 'x' >"$root/etc/matthan/clips.key.sealed"
unplug
plug_in
expect "the agent runs" inside systemctl is-active --quiet matthan-agent.service
! opens || exit 1
! inside cat /var/lib/matthan/clips/new.mp4 2>/dev/null || exit 1
note "all of it came about"
