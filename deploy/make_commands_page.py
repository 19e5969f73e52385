"""Writes docs/reference/commands.md from the two command lines; run it after a change of a command.

python -m deploy.make_commands_page
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent.__main__ import parser as agent_parser
from hub.__main__ import parser as hub_parser

FILE: Final = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"
INTRODUCTION: Final = """\
# Commands

Every command of the two programs. `COMMAND --help` prints the same. Words in CAPITALS are for you
to fill in; parts in square brackets are optional.

Exit codes: 0 is success, 1 a failure with a reason, 2 a wrong command line, 78 a wrong
configuration.

This page is written by `python -m deploy.make_commands_page`.
"""
Parsers = dict[str, argparse.ArgumentParser]


def text() -> str:
    """The page as it is committed."""
    lines = [INTRODUCTION]
    for top in (agent_parser(), hub_parser()):
        lines += [f"## {top.prog}\n", f"{top.description}\n"]
        for name, purpose, command in commands(top, with_groups=True):
            lines += [f"### {name}\n", f"{sentence(purpose)}\n", f"    {usage(name, command)}\n"]
            lines += table(command)
    return "\n".join(lines)


def commands(
    top: argparse.ArgumentParser, *, with_groups: bool = False
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Each command: its full name, its purpose, its parser; a group before its commands if asked
    for."""
    for action in top._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        purposes = {one.dest: one.help or "" for one in action._choices_actions}
        for name, command in action.choices.items():
            is_group = any(isinstance(one, argparse._SubParsersAction) for one in command._actions)
            if with_groups or not is_group:
                yield command.prog, purposes[name], command
            if is_group:
                yield from commands(command, with_groups=with_groups)


def usage(name: str, command: argparse.ArgumentParser) -> str:
    words: dict[str, None] = {name: None}  # alternatives come once
    for action in shown(command):
        group = next((g for g in alternatives(command) if action in g._group_actions), None)
        said = " | ".join(map(word, group._group_actions)) if group else word(action)
        if group and group.required:
            said = f"({said})"
        elif not needed(action):
            said = f"[{said}]"
        words[said] = None
    return " ".join(words)


def alternatives(command: argparse.ArgumentParser) -> list[argparse._MutuallyExclusiveGroup]:
    """Groups of arguments of which one at most can be given."""
    return command._mutually_exclusive_groups


def word(action: argparse.Action) -> str:
    """An argument with its value, as on a command line."""
    if isinstance(action, argparse._SubParsersAction):
        return "|".join(action.choices)
    return " ".join([*action.option_strings[:1], *filter(None, [placeholder(action)])])


def table(command: argparse.ArgumentParser) -> list[str]:
    rows = []
    for action in shown(command):
        if isinstance(action, argparse._SubParsersAction):
            continue  # its commands follow
        name = word(action).replace("|", "\\|")
        rows.append(f"| `{name}` | {meaning(action)} |")
    return ["| argument | meaning |", "|---|---|", *rows, ""] if rows else []


def shown(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Every argument a reader can give, the positional ones first."""
    actions = [one for one in command._actions if not isinstance(one, argparse._HelpAction)]
    actions = [one for one in actions if one.help != argparse.SUPPRESS]
    return sorted(actions, key=lambda one: bool(one.option_strings))


def needed(action: argparse.Action) -> bool:
    return action.required if action.option_strings else action.nargs not in ("?", "*")


def placeholder(action: argparse.Action) -> str:
    if action.option_strings and action.nargs == 0:
        return ""
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return f"{name}…" if action.nargs in ("+", "*") else name


def meaning(action: argparse.Action) -> str:
    words = (action.help or "").replace("|", "\\|")
    if action.choices:
        words += f" ({', '.join(str(one) for one in action.choices)})"
    if isinstance(action, argparse._AppendAction):
        words += "; can be repeated"
    return words.strip("; ").strip()


def sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
