"""What a new version tries in its slot before it is taken."""

from pathlib import Path

import pytest

import hub
from hub.app.upgrade import rehearsal


@pytest.fixture
def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules are the hub's too."""
    monkeypatch.setattr(hub, "__path__", [*hub.__path__, str(tmp_path)])
    return tmp_path


def test_what_lies_beside_the_modules_is_not_imported(more: Path) -> None:
    # As the broker's plugin, which only the broker can load.
    (more / "guard-x86_64.so").write_bytes(b"for another program")
    assert rehearsal.import_all() > 100


def test_a_module_that_cannot_be_imported_is_the_finding(more: Path) -> None:
    (more / "torn.py").write_text("raise TypeError('super(type, obj)')\n")
    with pytest.raises(TypeError, match="super"):
        rehearsal.import_all()
