"""The street, playing in a loop for the tests of this folder."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.acceptance.demonstration import ROOT, Running, demo_command, invitation
from tests.waiting import patience_s


@pytest.fixture(scope="module")
def demo(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The street playing in a loop until the tests of one file are over: one of them ends it."""
    folder = tmp_path_factory.mktemp("demo") / "town"
    process = subprocess.Popen(
        demo_command(folder), cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield Running(folder, process, **invitation(process))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(patience_s())
        assert process.stdout is not None
        process.stdout.close()
