"""Helpers of the tests of every command is logged, used by more than one module."""

from collections.abc import Sequence
from typing import Final

from tests.hub.rigs.web_town import NODE

TABLE: Final = "{folder}/cameras.csv"
LOGGED: Final[dict[str, tuple[str, Sequence[str]]]] = {
    "area add": ("area.add", ("Ấp 3", "--level", "quarter", "--parent", "Tân Khai")),
    "area import": ("area.add", ("{folder}/areas.csv",)),
    "node add": ("node.add", ("tram-02", "--area", "Ấp 3")),
    "camera place": (
        "camera.place",
        (NODE, "{camera}", "--latitude", "11.5", "--longitude", "106.6", "--bearing", "90"),
    ),
    "camera import": ("camera.place", (TABLE,)),
    "officer add": ("person.add", ("moi", "--name", "Mới", "--generate-password")),
    "officer channels": ("channels.choose", ("an", "webpush")),
    "officer invite": ("invitation.make", ("dung", "--name", "Dũng")),
    "grant add": (
        "grant.add",
        ("an", "--area", "Ấp 3", "--rights", "see", "--reason", "QĐ 1"),
    ),
    "officer close": ("person.disable", ("moi", "--reason", "nghỉ việc")),
    "officer reopen": ("invitation.make", ("moi",)),
    "phone add": ("phone.add", ("an", "--ntfy", "https://ntfy.example.org/an-1")),
    "evidence export": (
        "evidence.export",
        [
            "--case",
            "VA-1",
            "--reason",
            "x",
            "--by",
            "an",
            "--alert",
            "{alert}",
            "--into",
            "{folder}/out",
        ],
    ),
    "evidence key": ("evidence.key", ()),
    "retention set": ("retention.set", ("--days", "30", "--reason", "QĐ 2", "--class", "alert")),
    "retention end": ("retention.end", ("--class", "alert")),
    "footage ask": (
        "span.ask",
        (
            f"--camera {NODE}/{{camera}} --from 2026-11-25T02:00 --until 2026-11-25T02:10"
            " --reason VA-1"
        ).split(),
    ),
    "hold add": ("hold.add", ("--alert", "{alert}", "--case", "VA-9", "--reason", "x")),
    "hold end": ("hold.end", ("--case", "VA-9", "--reason", "xong")),
    "config group": ("group.add", ("--area", "Tân Khai", "nhom-1", NODE)),
    "config set": (
        "settings.want",
        ("--node", NODE, "--reason", "thử", "clips.preroll_s=6"),
    ),
    "tips key": ("tip_key.add", ("vneid",)),
    "tips revoke": ("tip_key.revoke", ("vneid",)),
    "programs add": ("programs.add", ("{bundle}", "--key", "{update_key}")),
    "backup": ("hub.backup", ("{folder}/all.zip",)),
}
ELSEWHERE: Final = {
    "node revoke": ("node.revoke", "hub/helpers/app/every_route_is_logged.py"),
    "node enrol": ("enrolment.make", "hub/helpers/app/every_route_is_logged.py"),
    "media sweep": ("media.remove", "hub/footage/test_remover.py"),
    "config again": ("settings.again", "hub/nodes/test_web_configuration.py"),
    "config halt": ("settings.halt", "hub/nodes/test_rollout.py"),
    "restore": ("hub.restore", "hub/app/test_backup.py"),
    "secrets backup-key": ("hub.backup_key", "hub/app/test_encrypted_backups.py"),
    "secrets change-key": ("hub.seal_keys", "hub/app/test_sealed_keys.py"),
    "secrets import": ("hub.seal_keys", "hub/app/test_sealed_keys.py"),
}
