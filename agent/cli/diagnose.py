"""`diagnose`: one file with the state of this node for remote help, bounded, without secrets.

It has the remotely changeable settings, the results of `check`, the board's values and the end of
the log. It has no address, login, picture or key.
"""

import io
import json
import platform
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from agent.board.board import Board
from agent.board.clock import SystemClock, boot_id
from agent.cli.check.check import findings
from agent.config import AgentSettings, SettingsFromHub
from agent.i18n import Say

MOST_LOG_BYTES: Final = 2 * 2**20
LOG_LINES: Final = 5000
LOG_WITHIN_S: Final = 20.0
_LOGIN: Final = re.compile(r"(?<=://)[^\s/@\"']*@")
_KEY: Final = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.S)
_WORD: Final = re.compile(r"(?i)((?:password|passwd|token|secret|authorization)\W{1,4})[^\s\"',}]+")

Log = Callable[[], str]


def diagnose(
    own: AgentSettings, from_hub: SettingsFromHub, into: Path, *, say: Say, log: Log | None = None
) -> None:
    """Write the file atomically; raises OSError, FileExistsError if there is one."""
    settings, clock = from_hub.look(), SystemClock()
    secrets = tuple(_secrets(own))
    checked = "\n".join(one.line(say) for one in findings(settings, clock, from_hub))
    parts = {
        "how-it-is.json": json.dumps(_state(settings, from_hub, clock), indent=2, default=str),
        "check.txt": checked,
        "log.txt": (log or _journalctl)()[-MOST_LOG_BYTES:],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in parts.items():
            bundle.writestr(name, without_secrets(text, secrets))
    with into.open("xb") as file:
        try:
            file.write(packed.getvalue())
            file.flush()
        except OSError:
            into.unlink()
            raise


def without_secrets(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without logins in addresses, keys, and words after "password" or "token"."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _KEY.sub("***", text)
    return _WORD.sub(r"\1***", _LOGIN.sub("***@", text))


def _state(
    settings: AgentSettings, from_hub: SettingsFromHub, clock: SystemClock
) -> dict[str, Any]:
    source, error_ms = clock.trust()
    folder = settings.journal.path.parent
    return {
        "node": settings.node.name,
        "software": f"matthan {version('matthan')}",
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "boot_id": boot_id(),
        "clock": {"utc_us": clock.now().utc_us, "source": source, "error_ms": error_ms},
        "board": Board(folder if folder.is_dir() else Path("/")).words().model_dump(mode="json"),
        "cameras": {one.name: one.source for one in settings.camera},
        "settings": from_hub.report().model_dump(mode="json"),
        "standing": from_hub.status.model_dump(mode="json"),
    }


def _secrets(own: AgentSettings) -> Iterator[str]:
    """Secrets of the configuration itself: logins of cameras, whole addresses first."""
    for camera in own.camera:
        for address in (camera.url, camera.sub_url):
            login = address.partition("://")[2].rpartition("@")[0]
            yield from (part for part in (address, login, login.partition(":")[2]) if part)


def _journalctl() -> str:
    """End of the service's log, or why it cannot be read."""
    command = ["journalctl", "-u", "matthan-agent", "-n", str(LOG_LINES), "-o", "short-iso"]
    try:
        ended = subprocess.run(  # noqa: S603 - words of our own
            [*command, "--no-pager"], capture_output=True, check=False, timeout=LOG_WITHIN_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no log: {error}"
    return (ended.stdout or ended.stderr).decode("utf-8", "replace")
