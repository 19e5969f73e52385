"""cloud-init file with which a flashed card enrols itself at its first start.

It lies beside the folder `matthan` on the card's small partition, where Raspberry Pi Imager puts
`user-data`. Pure: a code in, text out.
"""

import textwrap
from typing import Final

from agent.wire.enrolment import EnrolmentCode
from agent.wire.ident import is_name

_SERVICE: Final = """\
[Unit]
Description=Mắt Thần: the first start of this card
Wants=network-online.target
After=network-online.target time-sync.target
ConditionPathExists=/etc/matthan-first-boot/code
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/bin/bash /etc/matthan-first-boot/run
Restart=on-failure
RestartSec=60s

[Install]
WantedBy=multi-user.target
"""

_RUN: Final = """\
set -euo pipefail
here=/etc/matthan-first-boot
for stick in /boot/firmware/matthan /boot/matthan; do
    [[ ! -f $stick/deploy/node/install.sh ]] || break
done
if [[ ! -f $stick/deploy/node/install.sh ]]; then
    echo "The folder matthan is not on the card. Copy what deploy/node/bundle.sh made." >&2
    exit 1
fi
if [[ -e /etc/matthan/agent.toml ]]; then
    bash "$stick/deploy/node/install.sh"
else
    bash "$stick/deploy/node/install.sh" "$(cat "$here/code")"
fi
rm -rf -- "$here"
rm -f /boot/firmware/user-data /boot/user-data
systemctl disable matthan-first-boot.service
"""


def user_data(node: str, code: EnrolmentCode) -> str:
    """Text of the file for cloud-init (`#cloud-config`); it tries to enrol every minute until the
    box is enrolled.

    ValueError for an invalid node name.
    """
    if not is_name(node):
        raise ValueError(f"{node!r} is no name of a node")
    return "\n".join(
        [
            "#cloud-config",
            f"# Mắt Thần: this card becomes the camera box {node} at its first start. The code",
            "# in it works once; until then keep card and file as you would keep a key.",
            f"hostname: {node}",
            "timezone: Asia/Ho_Chi_Minh",
            "write_files:",
            *_file("/etc/matthan-first-boot/code", "0600", code.text + "\n"),
            *_file("/etc/matthan-first-boot/run", "0700", _RUN),
            *_file("/etc/systemd/system/matthan-first-boot.service", "0644", _SERVICE),
            "runcmd:",
            "  - [systemctl, enable, matthan-first-boot.service]",
            "  - [systemctl, start, --no-block, matthan-first-boot.service]",
            "",
        ]
    )


def _file(path: str, mode: str, content: str) -> list[str]:
    return [
        f"  - path: {path}",
        f'    permissions: "{mode}"',
        "    content: |",
        textwrap.indent(content.rstrip("\n"), " " * 6),
    ]
