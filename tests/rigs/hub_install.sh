#!/usr/bin/env bash
# Tries the hub's installer in an empty Debian that boots a real systemd: installs the hub twice in a
# row, kills and stops it, cuts the power, upgrades, uninstalls. It prints each result and ends at the
# first failure.
#
#   tests/rigs/hub_install.sh                   SQLite and the hub's own authority
#   DATABASE=postgresql tests/rigs/hub_install.sh
#   SUITE=bookworm tests/rigs/hub_install.sh    the same on Debian 12
#   FROM=COMMIT tests/rigs/hub_install.sh       the first installation is of that commit, with data of then
#
# The container shares this machine's network: ports 443, 8443 and 8883 must be free here.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/rigs/booted.sh
source tests/rigs/booted.sh
readonly database="${DATABASE:-sqlite}" from="${FROM-}"
trap power_off EXIT

installs() { inside /srv/matthan/deploy/hub/install.sh "$@"; }
pid() { inside systemctl show -p MainPID --value matthan-hub.service; }
hears() { inside systemctl show -p StatusText matthan-hub.service | grep -q 'nodes are heard'; }
is_new_pid() { # THE OLD ONE
    local now
    now=$(pid)
    [[ $now =~ ^[1-9] && $now != "$1" ]] && inside systemctl is-active --quiet matthan-hub.service && hears
}
serves() { inside python3 -c "
import ssl, urllib.request
trust = ssl.create_default_context(cafile='/var/lib/matthan/ca/ca.crt')
print(urllib.request.urlopen('https://127.0.0.1$1/health', context=trust).read())"; }
is_404() { ! serves "$1"; }
# Of a pair that this rig alone uses: an installer without a terminal makes none.
readonly public=age1nh446k94v0ef4m92pc05rdgj9znv76djgacs8ma73khf3qv7qf7qtqnwyt
readonly private=AGE-SECRET-KEY-13D048YLEJ2MSSMATYFE7V6UFA0Z293RX535QJZJ5Q75K7YFWN2UQGYLDCL
check_says() { [[ $(inside matthan-hub check || true) == *"$1"* ]]; }
refuses() { ! "$@"; }

first_installs() { inside "/srv/${from:+then/}matthan/deploy/hub/install.sh" "$@"; }
put_from() {
    local checkout=$root/srv/then/matthan
    mkdir -p "$checkout"
    git archive "$from" | tar -x -C "$checkout"
    ln -s "$PWD/.venv" "$checkout/.venv"
    "$checkout/deploy/wheels.sh" "$checkout/dist"
}
has_data_of_then() {
    inside matthan-hub hold list | grep -q 'case VA-9: alert' && inside matthan-hub log verify | grep -q 'the log is whole'
}
put_data_of_then() { # what tests/contracts/record.py made
    local phrase
    phrase=$(.venv/bin/python -c 'from tests.contracts.record import PASSPHRASE; print(PASSPHRASE)')
    install -m 644 "tests/contracts/release-0.2.0/backup-$database.zip" "$root/srv/then.zip"
    inside systemctl stop matthan-hub.service
    inside runuser -u matthan -- sh -c 'umask 77 && cat >/var/lib/matthan/phrase' <<<"$phrase"
    inside matthan-hub restore --force --passphrase-file /var/lib/matthan/phrase /srv/then.zip
    first_installs # as after each restore
    expect "data of then are there" has_data_of_then
}
installs_at_a_terminal() { # the key is shown, and Enter takes none
    inside script -qec /srv/matthan/deploy/hub/install.sh /dev/null <<<'' | tee "$root.said"
    grep -q 'AGE-SECRET-KEY-1' "$root.said"
}

make_base
fresh_root "hub-$suite" "$PWD"
[[ -z $from ]] || put_from
boot "hub-$suite"
note "the first time"
time first_installs --host 127.0.0.1 --contact keeper@example.vn --database "$database" --area 'Xã Tân Khai'
if [[ -n $from ]]; then
    put_data_of_then
    note "upgraded from $from"
    time installs_at_a_terminal
    expect "the new hub hears" hears
    expect "data of then are there" has_data_of_then
    inside test ! -e /var/lib/matthan-broker/mosquitto.db # of the broker of then
fi
expect "pages are served over TLS" serves ''
expect "nodes' port serves no pages" is_404 ':8443'
expect "check asks for a backup key" check_says 'BAD  backups: '
refuses inside /srv/matthan/deploy/node/install.sh CODE # which would be a camera box in the hub's folders
authority=$(inside sha256sum /var/lib/matthan/ca/ca.crt)

note "a second time"
time installs --backup-key "$public"
expect "the hub serves again" hears
expect "check has a backup key" check_says "ok   backups: encrypted to $public"
[[ $(inside sha256sum /var/lib/matthan/ca/ca.crt) == "$authority" ]]
[[ $(inside /opt/matthan/hub/bin/matthan-hub ca renew /var/lib/matthan/ca /var/lib/matthan/ca/hub.crt) == *holds* ]]

note "kill -9"
before=$(pid)
signal KILL "$before"
expect "it is back" is_new_pid "$before"
note "stopped, as one that hangs"
before=$(pid)
signal STOP "$before"
expect "systemd noticed and began it again" is_new_pid "$before"

note "papers renewed"
broker=$(inside systemctl show -p MainPID --value matthan-broker.service)
inside runuser -u matthan -- /opt/matthan/hub/bin/matthan-hub ca renew --now \
    /var/lib/matthan/ca /var/lib/matthan-papers/broker/broker.crt /var/lib/matthan-papers/proxy/proxy.crt
shows_renewed() {
    inside bash -c "openssl s_client -connect 127.0.0.1:8883 </dev/null 2>/dev/null | openssl x509 -noout -serial | \
        grep -qxF \"\$(openssl x509 -in /var/lib/matthan-papers/broker/broker.crt -noout -serial)\""
}
expect "the broker shows the new certificate" shows_renewed
[[ $(inside systemctl show -p MainPID --value matthan-broker.service) == "$broker" ]]
expect "the proxy serves again" serves ''

note "the timers' services"
for service in matthan-backup matthan-renew matthan-hub-check; do
    inside systemctl start "$service.service"
done
inside ls /var/lib/matthan/backups >&2
[[ -z $(inside bash -c 'ls /var/lib/matthan/backups/*.zip 2>/dev/null') ]] # those in the clear are encrypted

note "restored"
inside systemctl stop matthan-hub.service
inside bash -c "echo '$private' | matthan-hub restore --force --key-file - \$(ls -d /var/lib/matthan/backups/*.zip.age | tail -n 1)"
inside systemctl start matthan-hub.service
expect "the hub serves again" hears

note "the plug pulled, and power again"
power_off
boot "hub-$suite"
expect "all is back by itself" hears
expect "pages are served" serves ''
[[ -z $(inside systemctl --failed --no-legend --plain) ]]

rm -rf -- "${root:?}.dist" # of a run before, into which it would be copied
cp -r "$root/srv/matthan/dist" "$root.dist"
other_wheel() { # FAULT
    cp "$root.dist/"* "$root/srv/matthan/dist/"
    PYTHONPATH=. .venv/bin/python -m tests.deploy.other_wheel "$root/srv/matthan/dist" "$1"
}
slot() { inside readlink /opt/matthan/hub; }
before=$(slot)
is_the_old_one() { [[ $(slot) == "$before" ]] && hears && inside test ! -e /opt/matthan/hub-upgrade; }

note "an upgrade to a version that cannot be imported"
other_wheel imports
running=$(pid)
! installs || exit 1
[[ $(pid) == "$running" ]]
expect "the old hub was not touched" is_the_old_one

note "an upgrade to a version that is never healthy; the plug is pulled while it is on trial"
other_wheel never
installs &
upgrading=$!
is_on_trial() { inside systemctl show -p StatusText matthan-hub.service | grep -q 'on trial: the pages'; }
while ! is_on_trial; do
    kill -0 "$upgrading"
    sleep 1
done
power_off
wait "$upgrading" || true
boot "hub-$suite"
expect "the old hub came back by itself" is_the_old_one
[[ -z $(inside systemctl --failed --no-legend --plain) ]]
note "and once more, to its end"
! installs || exit 1
expect "the old hub came back by itself" is_the_old_one

note "an upgrade to a healthy version, with one migration more"
other_wheel none
time installs
is_the_new_one() { [[ $(slot) != "$before" ]] && hears && inside test ! -e /opt/matthan/hub-upgrade; }
expect "the new hub hears" is_the_new_one
expect "pages are served" serves ''

note "uninstalled"
installs uninstall
inside test -s /var/lib/matthan/ca/ca.key -a -s /etc/matthan/hub.toml
[[ -z $(inside bash -c 'ls -d /opt/matthan /etc/systemd/system/matthan-* 2>/dev/null') ]]
note "and installed again on the data that were left"
installs
expect "the hub serves" hears
[[ $(inside sha256sum /var/lib/matthan/ca/ca.crt) == "$authority" ]]
refuses installs uninstall --with-data # nobody is there to be sure
held=()
if [[ -n $from ]]; then # the restored backup has holds
    refuses installs uninstall --with-data --yes
    held=(--with-held-footage)
fi
installs uninstall --with-data --yes "${held[@]}"
[[ -z $(inside bash -c 'ls -d /var/lib/matthan* /etc/matthan 2>/dev/null') ]]
note "done"
