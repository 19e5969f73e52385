"""The compiled catalogs of messages: those of their sources, and missed with a cure."""

import shutil
from pathlib import Path

import pytest

from agent.i18n import speaker
from deploy.catalogs import ROOT, compile_all, stale
from hub.base.text.catalogs import translation

pytestmark = pytest.mark.promise("Hub: Message catalogs are complete in both languages.")


def test_the_compiled_catalogs_of_this_checkout_are_those_of_the_sources_beside_them() -> None:
    assert list(stale(ROOT)) == [], "run: deploy/setup.sh test"


def test_a_catalog_is_compiled_when_it_is_missing_or_its_source_changed(tmp_path: Path) -> None:
    source = tmp_path / "hub/locale/vi/LC_MESSAGES/push.po"
    source.parent.mkdir(parents=True)
    shutil.copy(ROOT / source.relative_to(tmp_path), source)
    made = source.with_suffix(".mo")
    assert list(stale(tmp_path)) == [made]
    compile_all(tmp_path)
    first = made.read_bytes()
    assert stale(tmp_path) == {}
    with source.open("a", encoding="utf-8") as file:
        file.write('\nmsgid "New"\nmsgstr "Mới"\n')
    compile_all(tmp_path)
    assert "Mới".encode() in made.read_bytes() and made.read_bytes() != first


def test_a_catalog_that_is_not_compiled_names_the_command_that_does_it() -> None:
    """A language without a folder stands for a checkout that is not set up."""
    with pytest.raises(FileNotFoundError, match=r"run deploy/setup\.sh"):
        translation("hub", "fr")
    with pytest.raises(FileNotFoundError, match=r"run deploy/setup\.sh"):
        speaker("fr")
