"""The page of commands equals the two command lines, and every argument is explained."""

import re
import shlex
from collections.abc import Iterator

import pytest

from agent.__main__ import parser as agent_parser
from deploy.make_commands_page import FILE, commands, meaning, shown, text
from hub.__main__ import parser as hub_parser
from tests.house.helpers.house import ROOT, tracked

TOPS = (agent_parser(), hub_parser())


def test_page_of_commands_is_the_one_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m deploy.make_commands_page"


def test_help_says_nothing_that_the_page_leaves_out() -> None:
    for top in TOPS:
        for name, purpose, command in commands(top, with_groups=True):
            assert command.description in (None, purpose), name
            assert not (command.epilog or command.usage), name
            assert len(command._action_groups) == 2, (
                f"{name}: arguments under headings of their own"
            )
            for action in command._actions:
                names = action.option_strings
                assert names in ([], ["-h", "--help"]) or len(names) == 1, f"{name} {names}"


def test_every_argument_of_every_command_is_explained() -> None:
    found = [one for top in TOPS for one in commands(top)]
    assert len(found) > 60
    unexplained = [
        f"{name} {action.dest}"
        for name, _, command in found
        for action in shown(command)
        if len(meaning(action)) < 3 or not action.help
    ]
    assert unexplained == []
    assert [name for name, purpose, _ in found if not purpose] == []


def test_every_command_that_a_page_names_is_there() -> None:
    names = [name for top in TOPS for name, _, _ in commands(top)]
    known = {" ".join(name.split()[:n]) for name in names for n in range(2, 5)}
    strange = []
    for page in tracked("docs/*.md", "README.md", "CONTRIBUTING.md"):
        if page.name == "history.md":
            continue
        text = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
        for program, verb in re.findall(r"`(?:sudo )?(matthan-(?:agent|hub)) ([a-z]+)\b", text):
            if f"{program} {verb}" not in known:
                strange.append(f"{page.name}: {program} {verb}")
    assert strange == []


def complete_commands(text: str) -> Iterator[tuple[str, str]]:
    """(program, arguments) of each command on a page; a " … " stands for arguments left out."""
    for block, inline in re.findall(r"^ {4,7}(\S.*)$|`([^`\n]+)`", text, re.M):
        words = re.sub(r" +# .*", "", block or inline)
        found = re.fullmatch(r"(?:sudo (?:-u \w+ )?)?(?:\S+/)?(matthan-\w+) (.+)", words)
        if found and " … " not in words:
            yield found[1], found[2]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/guide/*.md"])
def test_every_command_on_a_page_is_understood(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tops = {top.prog: top for top in TOPS}
    for file in ROOT.glob(page):
        for program, arguments in complete_commands(file.read_text("utf-8")):
            if program not in tops:  # a broker's or proxy's unit
                continue
            try:
                tops[program].parse_args(shlex.split(arguments))
            except SystemExit as end:
                fault = capsys.readouterr().err
                is_filled_in_later = re.search(r"invalid \w+ value: '[^a-z]+'", fault)
                assert end.code == 0 or is_filled_in_later, f"{file.name}: {arguments}: {fault}"
