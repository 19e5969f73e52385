"""Commands that back up and restore a hub."""

import argparse
from pathlib import Path

from hub.app.cli.parsing import Commands, command, existing_file_or_stdin


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    save = command(verbs, "backup", back_up, "back up a running hub into one file")
    save.add_argument("target", type=Path, help="a file, or a folder for a file named by the time")
    save.add_argument("--with-media", action="store_true", help="also the pictures and clips")
    save.add_argument(
        "--keep", type=int, metavar="COUNT", help="in a folder: keep the newest COUNT"
    )
    back = command(verbs, "restore", restore_backup, "restore a hub from a backup; no hub may run")
    back.add_argument("file", type=Path, help="the backup")
    back.add_argument(
        "--key-file",
        type=existing_file_or_stdin,
        metavar="FILE",
        help="the private key of an encrypted backup, - for stdin; default: it is asked for",
    )
    for one in (save, back):
        one.add_argument("--force", action="store_true", help="replace existing data")
        one.add_argument(
            "--passphrase-file",
            type=Path,
            metavar="FILE",
            help="the passphrase that encrypts the secrets",
        )


def back_up(args: argparse.Namespace) -> int:
    """Write one file with everything a hub needs to continue elsewhere."""
    # It knows the tables of every capability, and so their pages: no other command waits for them.
    from hub.app.backup import backup  # noqa: PLC0415 - heavy

    return backup.back_up(args)


def restore_backup(args: argparse.Namespace) -> int:
    """Make this hub the one of a backup."""
    from hub.app.backup import backup  # noqa: PLC0415 - heavy

    return backup.restore_backup(args)
