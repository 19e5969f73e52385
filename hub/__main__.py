"""Command line of the hub."""

import argparse
import sys
from collections.abc import Sequence

from hub.app.backup import commands as backup
from hub.app.backup.archive import ArchiveError
from hub.app.cli import (
    areas,
    core,
    enrolment,
    evidence,
    footage,
    log,
    map,
    people,
    phones,
    pki,
    programs,
    retention,
    serve,
    settings,
    tips,
    verify,
)
from hub.app.cli.parsing import Commands
from hub.app.config import ConfigError
from hub.app.errors import StartRefusedError
from hub.base.db.database import FAULTS, DatabaseError, is_about_storage
from hub.base.errors import RegistryError
from hub.base.storage.blobs import BlobsError
from hub.nodes.pki.authority import AuthorityError


def main() -> None:
    """Run a command and exit with its code."""
    args = parser(sys.argv[1:]).parse_args()
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
    """Every command and its arguments; those of `bench` only if `arguments` asks for it."""
    top = argparse.ArgumentParser(prog="matthan-hub", description="The hub of Mắt Thần.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    for add_to in (
        serve.add_to,
        areas.add_areas_to,
        enrolment.add_to,
        areas.add_cameras_to,
        people.add_to,
        phones.add_to,
        pki.add_to,
        verify.add_to,
        evidence.add_to,
        retention.add_to,
        footage.add_to,
        retention.add_holds_to,
        map.add_to,
        settings.add_to,
        programs.add_to,
        log.add_to,
        tips.add_to,
        backup.add_to,
    ):
        add_to(verbs)
    _benches(verbs, arguments)
    return top


def _benches(verbs: Commands, arguments: Sequence[str]) -> None:
    bench = verbs.add_parser("bench", help="measure speed")
    benches = bench.add_subparsers(required=True, metavar="WHAT")
    if "bench" not in arguments:
        return
    from hub.bench import fanout, intake, pages, search  # noqa: PLC0415 a hub that runs needs none of it

    meaning = "measure events per second, with a commit before each acknowledgement"
    intake.add_to(benches.add_parser("intake", help=meaning, description=meaning))
    meaning = "measure the pages inbox and alert with a year of alerts and 200 officers"
    pages.add_to(benches.add_parser("pages", help=meaning, description=meaning))
    meaning = "measure the time until 1,000 phones have one alert"
    fanout.add_to(benches.add_parser("fanout", help=meaning, description=meaning))
    meaning = "measure eighteen searches in a year of sightings of 10,000 cameras"
    search.add_to(benches.add_parser("search", help=meaning, description=meaning))


def _refuse(*lines: str) -> int:
    for line in lines:
        print(f"matthan-hub: {' '.join(line.split())}", file=sys.stderr)
    return core.REFUSED


if __name__ == "__main__":
    main()
