"""Makes the `diagnose` file for the hub while the agent runs.

In a separate process with the lowest priority: its memory is freed at its end, and its failure is a
sentence, not the end of the agent.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from agent.uplink.upload.diagnostics import MOST_BYTES, NoDiagnosis
from agent.wire.no_answer import NoAnswer

WITHIN_S: Final = 240.0
"""The check waits for each camera and for the hub; an old card is slow."""
LOOK_S: Final = 0.5
LEAST_HASTE: Final = 19
ERROR_CHARS: Final = 500


class Diagnostics:
    """Makes the file from the configuration that the agent was started with."""

    def __init__(self, config: Path | None, *, command: tuple[str, ...] = ()) -> None:
        """`command` gets the file's path as its last argument; this program by default."""
        by_file = ("--config", str(config)) if config is not None else ()
        self._command = command or (sys.executable, "-m", "agent", "diagnose", *by_file)

    def __call__(self, beat: Callable[[], bool]) -> bytes:
        """The file; raises NoDiagnosis. `beat` is called at intervals; False from it means: give
        up."""
        with tempfile.TemporaryDirectory(prefix="matthan-diagnosis-") as folder:
            into = Path(folder) / "diagnosis.zip"
            try:
                self._make(into, beat)
                with into.open("rb") as file:
                    made = file.read(MOST_BYTES + 1)
            except OSError as error:
                raise NoDiagnosis(NoAnswer.FAILED, error) from error
        if len(made) > MOST_BYTES:
            raise NoDiagnosis(NoAnswer.TOO_LARGE, MOST_BYTES)
        return made

    def _make(self, into: Path, beat: Callable[[], bool]) -> None:
        errors = into.with_name("errors")
        with errors.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - words of our own
                [*self._command, str(into)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                # The watchdog hears from the agent only.
                env={name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"},
                process_group=0,
            )
        try:
            with suppress(PermissionError):  # the agent's unit may not allow it
                os.setpriority(os.PRIO_PROCESS, process.pid, LEAST_HASTE)
            until_s = time.monotonic() + WITHIN_S
            while process.poll() is None:
                if not beat():
                    raise NoDiagnosis(NoAnswer.STOPPED)
                if time.monotonic() >= until_s:
                    raise NoDiagnosis(NoAnswer.TOO_SLOW, f"{WITHIN_S:.0f}")
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_S)
        except ProcessLookupError:
            process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # with everything it started
                process.wait()
        if process.returncode != 0:
            with errors.open("rb") as file:
                told = file.read(4 * ERROR_CHARS).decode("utf-8", "replace").strip()
            if told:
                raise NoDiagnosis(NoAnswer.FAILED, told[-ERROR_CHARS:])
            raise NoDiagnosis(NoAnswer.ENDED, process.returncode)
