"""The page of commands says what the two command lines say, and every argument is explained."""

from deploy.make_commands_page import FILE, agent_parser, commands, hub_parser, meaning, shown, text


def test_page_of_commands_is_the_one_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m deploy.make_commands_page"


def test_every_argument_of_every_command_is_explained() -> None:
    tops = (agent_parser(["bench"]), hub_parser(["bench"]))
    found = [one for top in tops for one in commands(top)]
    assert len(found) > 60
    unexplained = [
        f"{name} {action.dest}"
        for name, _, command in found
        for action in shown(command)
        if len(meaning(action)) < 3 or not action.help
    ]
    assert unexplained == []
    assert [name for name, purpose, _ in found if not purpose] == []
