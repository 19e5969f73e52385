"""How a contract is held: a text file beside the tests lists what users and nodes rely on."""

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def holds(tmp_path: Path) -> Callable[[str, Iterable[str]], None]:
    """Compares lines with the contract of that name; a failure says what differs, and the cure."""

    def compare(name: str, lines: Iterable[str]) -> None:
        file, made = HERE / name, tmp_path / name
        text = "".join(f"{line}\n" for line in lines)
        before = file.read_text("utf-8") if file.exists() else ""
        if text == before:
            return
        made.write_text(text, "utf-8")
        changed = difflib.unified_diff(before.splitlines(), text.splitlines(), "then", "now", n=1)
        pytest.fail(
            "\n".join(changed) + f"\n\n{name}: users, nodes or files rely on what is gone or "
            "changed here. Bring it back; if the change is meant, say so in CHANGELOG.md and run\n"
            f"    cp {made} {file}",
            pytrace=False,
        )

    return compare
