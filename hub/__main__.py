"""Command line of the hub."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from hub.app.backup.archive import ArchiveError
from hub.app.cli.core import REFUSED
from hub.app.cli.parsing import Commands
from hub.app.config import ConfigError
from hub.app.errors import StartRefusedError
from hub.app.upgrade.steps import is_under_way
from hub.base.db.database import FAULTS, DatabaseError, is_about_storage
from hub.base.errors import RegistryError
from hub.base.storage.blobs import BlobsError
from hub.nodes.pki.authority import AuthorityError

MODULES: Final = (
    ("cli", "serve", "add_to", ("run", "check", "migrate", "rehearse")),
    ("cli", "areas", "add_areas_to", ("area",)),
    ("cli", "enrolment", "add_to", ("node",)),
    ("cli", "areas", "add_cameras_to", ("camera",)),
    ("cli", "people", "add_to", ("officer", "grant")),
    ("cli", "phones", "add_to", ("phone",)),
    ("cli", "pki", "add_to", ("ca",)),
    ("cli", "verify", "add_to", ("verify",)),
    ("cli", "evidence", "add_to", ("evidence",)),
    ("cli", "retention", "add_to", ("retention", "media")),
    ("cli", "footage", "add_to", ("footage",)),
    ("cli", "retention", "add_holds_to", ("hold",)),
    ("cli", "map", "add_to", ("map",)),
    ("cli", "settings", "add_to", ("config",)),
    ("cli", "programs", "add_to", ("programs",)),
    ("cli", "sealing", "add_to", ("secrets",)),
    ("cli", "log", "add_to", ("log",)),
    ("cli", "tips", "add_to", ("tips",)),
    ("cli", "months", "add_to", ("months",)),
    ("backup", "commands", "add_to", ("backup", "restore")),
)
"""Modules of the commands, in the order of the help, with the first words of their commands. A
command imports only its own module: all of them take two seconds."""

WHILE_UPGRADED: Final = ("run", "check", "migrate", "rehearse", "config", "verify")
"""Commands that may run during an upgrade: what another one writes into the database could be
lost, if the new version is taken back."""


def main() -> None:
    """Run a command and exit with its code."""
    args = parser(sys.argv[1:]).parse_args()
    if sys.argv[1] not in WHILE_UPGRADED and is_under_way(Path(sys.prefix).resolve()):
        print("matthan-hub: an upgrade is under way. Try again in a few minutes", file=sys.stderr)
        sys.exit(1)
    try:
        code: int = args.do(args)
    except ConfigError as error:
        code = _refuse(*error.lines)
    except (StartRefusedError, DatabaseError) as error:
        code = _refuse(str(error))
    except (RegistryError, AuthorityError, BlobsError, ArchiveError, ValueError, OSError) as error:
        print(f"matthan-hub: {error}", file=sys.stderr)
        code = 1
    except FAULTS as error:
        if not is_about_storage(error):
            raise
        why = str(error).splitlines()[0]
        cure = "Free space on the disk of store.url, or start its server"
        print(f"matthan-hub: nothing can be written down: {why}. {cure}", file=sys.stderr)
        code = 1
    sys.exit(code)


def parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Every command and its arguments, or only those that begin with the first of `arguments`."""
    top = argparse.ArgumentParser(prog="matthan-hub", description="The hub of Mắt Thần.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    named = [one for one in MODULES if arguments and arguments[0] in one[-1]]
    for folder, module, function, _ in named or MODULES:
        add_to: Callable[[Commands], None] = getattr(
            import_module(f"hub.app.{folder}.{module}"), function
        )
        add_to(verbs)
    return top


def _refuse(*lines: str) -> int:
    for line in lines:
        print(f"matthan-hub: {' '.join(line.split())}", file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    main()
