"""Helpers that declare commands and their arguments."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub.app.config import DEFAULT_FILE

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # the type has no public name
else:
    Commands = argparse._SubParsersAction


def group(verbs: Commands, name: str, meaning: str) -> Commands:
    """Declare a group of commands that begin with this word."""
    return verbs.add_parser(name, help=meaning, description=meaning).add_subparsers(
        required=True, metavar="COMMAND"
    )


def command(
    verbs: Commands, name: str, do: Callable[[argparse.Namespace], int], meaning: str
) -> argparse.ArgumentParser:
    """Declare one command; `do` returns its exit code."""
    found = verbs.add_parser(name, help=meaning, description=meaning)
    found.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the configuration file ({DEFAULT_FILE})"
    )
    found.set_defaults(do=do)
    return found


def existing_file_or_stdin(text: str) -> Path:
    """A file to read, or "-"."""
    path = Path(text)
    if text != "-" and not path.is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return path
