"""Rules for the documents: what must be written down is, and what must not be is not."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.house.helpers.house import LINK, ROOT, tracked

README = (ROOT / "README.md").read_text(encoding="utf-8")
DEPENDENCIES = (ROOT / "docs/reference/dependencies.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs/design/decisions"
PAGES = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")


@pytest.mark.promise("House: Each documentation page exists, and each link leads to a file.")
@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "docs/README.md",
        "docs/design/architecture.md",
        "docs/reference/glossary.md",
        "docs/reference/wire.md",
        "docs/reference/dependencies.md",
        "docs/reference/promises.md",
        "docs/reference/service-levels.md",
        "docs/reference/agent-configuration.md",
        "docs/reference/hub-configuration.md",
        "docs/design/decisions/README.md",
    ],
)
def test_page_is_there(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").split()) > 50


def test_links_from_the_readme_lead_to_every_page() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        waiting += [(page.parent / one).resolve() for one in links if one.endswith(".md")]
    assert set(tracked("docs/*.md")) - reached == set()


@pytest.mark.promise("Hub: The demonstration says that push needs `localhost` or a certificate.")
@pytest.mark.promise("House: Each documentation page exists, and each link leads to a file.")
def test_readme_says_what_it_is_shows_it_and_gives_the_two_commands() -> None:
    assert README.startswith("# Mắt Thần\n")
    shown = re.findall(r"!\[(.{20,})\]\(([^)]+)\)", README)
    assert shown
    assert all((ROOT / path).stat().st_size > 10_000 for _, path in shown)
    for command in ("deploy/demo.sh", "deploy/test.sh"):
        assert re.search(rf"^    {re.escape(command)}\b", README, re.M)
        assert (ROOT / command).stat().st_mode & 0o111
    assert "Service workers and push need `localhost` or a certificate" in README


@pytest.mark.promise("House: Each decision has one page with its alternatives.")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_decision_has_its_status_date_and_alternatives_on_one_page(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]}\. \w", page)
    assert re.search(r"^- Status: (accepted|superseded by \[?\d{4}\b.*)$", page, re.M)
    assert re.search(r"^- Date: 20\d\d-\d\d-\d\d$", page, re.M)
    parts = re.findall(r"^## (.+)$", page, re.M)
    assert parts == ["Context", "Decision", "Alternatives", "Consequences"]
    alternatives = page.partition("## Alternatives")[2].partition("## Consequences")[0]
    assert len(re.findall(r"^- \*[^*]+\*", alternatives, re.M)) >= 2
    assert len(page.splitlines()) <= 60


@pytest.mark.promise("House: Each decision has one page with its alternatives.")
def test_decisions_are_numbered_without_gaps_and_all_listed() -> None:
    assert [path.name[:4] for path in PAGES] == [f"{n:04d}" for n in range(1, len(PAGES) + 1)]
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (DECISIONS / "README.md").read_text("utf-8"))
    assert listed == [path.name for path in PAGES]


def spread(word: str) -> list[str]:
    """`plugins-{base,good}` as the shell reads it."""
    braced = re.fullmatch(r"(.*)\{(.+)\}(.*)", word)
    if braced is None:
        return [word]
    return [f"{braced[1]}{middle}{braced[3]}" for middle in braced[2].split(",")]


@pytest.mark.promise("House: Each documentation page exists, and each link leads to a file.")
def test_every_direct_dependency_is_named_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
    ]
    names = {re.split(r"[\[<>=~! ;]", one)[0] for one in wanted}
    for folder in ("firefox", "axe"):
        file = ROOT / "tests/browser" / folder / "package.json"
        names |= json.loads(file.read_text(encoding="utf-8"))["dependencies"].keys()
    setup = (ROOT / "deploy" / "setup.sh").read_text(encoding="utf-8")
    from_debian = re.search(r"^packages\(\) \{\n(.*?)^\}", setup, re.M | re.S)
    assert from_debian is not None
    lists = re.findall(r"printf '%s\\n' (.+)", from_debian[1])
    names |= {name for line in lists for word in line.split() for name in spread(word)}
    assert len(names) > 30
    unnamed = {
        n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", DEPENDENCIES)
    }
    assert unnamed == set()


def texts() -> list[tuple[Path, str]]:
    """Every tracked file that is text."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((path.relative_to(ROOT), content.decode("utf-8")))
    return found


LABEL_NAMES = re.compile(
    r"gt\.txt|det\.txt|boxes\.csv|images\.csv|.*annotations?\.\w+|.*\.(xml|idl)"
)
LABEL_LINE = re.compile(r"\d+,-?\d+(,-?[\d.]+){4,8}\s*")
"""MOTChallenge: frame, person, left, top, width, height and what else."""


@pytest.mark.promise(
    "Recording of the street: No label with a forbidding licence is in the project."
)
@pytest.mark.usefixtures("needs_system")
def test_no_label_of_the_sets_the_models_were_judged_by_is_in_the_project() -> None:
    """Their licences let us measure by them and not hand them on."""
    named = [path for path in tracked() if LABEL_NAMES.fullmatch(path.name.lower())]
    held = [
        path
        for path, text in texts()
        if sum(bool(LABEL_LINE.fullmatch(line)) for line in text.splitlines()) > 10
    ]
    assert (named, held) == ([], [])


@pytest.mark.usefixtures("needs_system")
@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![\w.])/(?:home|Users)/\w",  # somebody's machine
        r"(?<![\w.])/(?:root|work)/\w",
        r"\bpypi[.]org|pythonhosted[.]org",  # whoever installs chooses the registry
        r"\bnpmjs[.](?:org|com)|\byarnpkg[.]com",
        r"\b(?:deb|ftp|security)[.]debian[.]org|archive[.]ubuntu",
        r"artifactor[y]|--(?:extra-)?index[-]url|\bnexus[.]",
    ],
)
def test_no_text_names_a_machines_folder_or_a_registrys_host(pattern: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []
