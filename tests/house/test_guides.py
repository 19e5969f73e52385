"""The guides for technicians: both languages say the same, in the words of the hub's pages."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from hub.app.roles.names import ROLES
from hub.base.db.database import READERS
from tests.house.helpers.house import ROOT

pytestmark = pytest.mark.promise("Installing: The guides have the same content in both languages.")

GUIDES = ("quickstart", "hub", "node", "operations", "province")
LANGUAGES = ("vi", "en")
FOLDER = ROOT / "docs" / "guide"
PROGRAMS = (
    r"(sudo|su|ssh|cd|ls|lsblk|lego|git|podman|exec|python3?|\w+/bin/\w+|deploy/\S+|systemctl|journalctl"
    r"|matthan-\w+|config|PLATFORM=\S+)"
)


def page(name: str, language: str) -> str:
    return (FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")


def both(name: str) -> dict[str, str]:
    """Each language's text after its title and language link; links to guides read alike."""
    return {
        language: re.sub(
            rf"\]\((\w+)\.{language}\.md", r"](\1.md", page(name, language).split("\n\n", 2)[2]
        )
        for language in LANGUAGES
    }


def test_every_guide_is_in_both_languages_and_leads_to_the_other() -> None:
    names = {path.name for path in FOLDER.glob("*.md")}
    assert names == {f"{name}.{language}.md" for name in GUIDES for language in LANGUAGES}
    for name in GUIDES:
        assert f"[English]({name}.en.md)" in page(name, "vi")
        assert f"[Tiếng Việt]({name}.vi.md)" in page(name, "en")


def typed(text: str) -> Iterator[str]:
    """Every command, path, option and key, with what the reader fills in left out."""
    for block, inline in re.findall(r"^ {4,7}(\S.*)$|`([^`]+)`", text, re.M):
        words = " ".join((block or inline).split())
        if block or re.match(rf"{PROGRAMS}( |$)|[/\[-]|[\w.]+\.(toml|crt|md|pub|zip)$", words):
            yield re.sub(
                r"\b(cong|gate|ten|name|matkhau|password)\b|[^\W\d_a-z](?:[^\W\da-z]|-)+",
                "…",
                words,
            )


@pytest.mark.parametrize("name", GUIDES)
def test_both_languages_have_the_same_commands_in_the_same_order(name: str) -> None:
    said = {language: list(typed(text)) for language, text in both(name).items()}
    assert len(said["vi"]) > 5
    assert said["vi"] == said["en"]


@pytest.mark.parametrize("name", GUIDES)
def test_both_languages_have_the_same_parts_rows_and_links(name: str) -> None:
    def shape(text: str) -> list[object]:
        lines = text.splitlines()
        return [
            [len(line.split()[0]) for line in lines if line.startswith("#")],
            sum(line.startswith("|") for line in lines),
            sum(bool(re.match(r"- |\d\. ", line)) for line in lines),
            re.findall(r"\]\(([^)#]+)", text),
        ]

    vietnamese, english = (shape(text) for text in both(name).values())
    assert vietnamese == english


def words_of_pages(language: str) -> set[str]:
    """What stands on the hub's pages in that language, without what is filled in."""
    file = ROOT / "hub" / "locale" / language / "LC_MESSAGES" / "hub.po"
    with file.open("rb") as opened:
        catalog = read_po(opened, locale=language)
    return {str(one.string if language == "vi" else one.id) for one in catalog if one.id}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GUIDES)
def test_every_way_through_the_pages_is_in_the_words_of_the_pages(name: str, language: str) -> None:
    text = re.sub(r"`[^`]+`|^ {4,}\S.*$", "", page(name, language), flags=re.M).replace("**", "")
    ways = [re.sub(r"\s+", " ", way) for way in re.findall(r"\*([^*|]+)\*", text)]
    known = words_of_pages(language)
    unknown = {step for way in ways for step in way.split(" → ") if step not in known}
    assert unknown == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GUIDES)
def test_every_file_of_the_project_that_a_guide_names_is_there(name: str, language: str) -> None:
    named = re.findall(r"\b((?:deploy|tests)/[\w./-]*\w)", page(name, language))
    assert [
        one for one in named if not (ROOT / one).exists() and not one.endswith("/compose.env")
    ] == []


def test_the_database_of_a_province_has_a_connection_for_each_that_its_hub_may_want() -> None:
    """Readers, one that writes, and sessions of their own: for who is there, for changes, for live
    pictures, and for the months."""
    a_process = READERS["pool_size"] + READERS["max_overflow"] + 1 + 4
    on_two_machines = 2 * len(ROLES)
    others = 20  # commands, backups, Patroni, and three that PostgreSQL keeps for its superuser
    for language in LANGUAGES:
        [most] = re.findall(r"max_connections: (\d+)", page("province", language))
        assert int(most) == a_process * on_two_machines + others
        for name in ("province", "operations"):
            assert re.search(rf"`max_connections`.*\b{a_process}\b", page(name, language))
