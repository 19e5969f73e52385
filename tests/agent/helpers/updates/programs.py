"""Helpers of the tests of programs, used by more than one module."""

import shutil
from collections.abc import Callable
from pathlib import Path

from agent.updates.fetch import BUNDLE, NOTE
from agent.updates.install import (
    install_fetched,
    what_runs,
)
from agent.updates.slots import RELEASE as IN_SLOT
from agent.updates.slots import WHOLE, Slots
from agent.wire.programs import TakePrograms
from tests.agent.rigs.bundles import INSTALLER, bundle, public_of, sha256_of


def take(file: Path, *, version: int = 1, **words: bool) -> TakePrograms:
    return TakePrograms(
        version=version, sha256=sha256_of(file), size_bytes=file.stat().st_size, **words
    )


class Box:
    """Root's side of a node: its slots, and the folder in which the agent lays things."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.mark = folder / "opt", folder / "mark"
        self.agents = folder / "agents"
        self.home.mkdir()
        self.agents.mkdir()
        self.slots = Slots(self.home, mark=self.mark)
        self.installed = 0
        self.slot("one", number=50)
        self.slots.turn(self.home / "agent-one", boot="b", uptime_s=0)
        bundle(folder, number=1)  # the key

    def slot(self, name: str, *, number: int) -> Path:
        slot = self.home / f"agent-{name}"
        (slot / IN_SLOT).parent.mkdir(parents=True, exist_ok=True)
        (slot / IN_SLOT).write_text(f"{number} release-{number}\n")
        (slot / WHOLE).touch()
        return slot

    def lay(self, file: Path, wanted: TakePrograms | None = None) -> None:
        """Lay out the files that the agent hands over."""
        shutil.copy(file, self.agents / BUNDLE)
        (self.agents / NOTE).write_bytes((wanted or take(file)).model_dump_json().encode())

    def install(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """`meanwhile`: what goes on before the installer ends."""

        def run(installer: Path) -> None:
            assert str(installer).endswith(INSTALLER)
            self.installed += 1
            text = (installer.parents[2] / "RELEASE").read_text()
            new = self.slot("two", number=int(text.split()[0]))
            self.slots.turn(new, boot="b", uptime_s=0)
            meanwhile()

        return install_fetched(
            self.agents,
            key=public_of(self.folder),
            home=self.home,
            install=run,
            scratch=str(self.folder),
        )

    def answer(self) -> tuple[str, str]:
        last = what_runs(self.home, self.mark).last
        assert last is not None
        return last.outcome, last.reason
