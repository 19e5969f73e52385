"""The configuration file of an agent, as tests need it."""

from pathlib import Path

from deploy.broker import Broker
from tests.agent.rigs.hubside import NODE


def own_file(
    folder: Path, broker: Broker, camera: str, more: str = "", *, home: Path | None = None
) -> Path:
    """A good one, with the keys of its camera and, after all else, lines of the test's own.

    Journal and clips lie in `home`, or else beside it. It may hold a camera's password: as the
    agent demands of such a file nobody else may read it.
    """
    papers, home = broker.papers(NODE), home or folder
    path = folder / "agent.toml"
    path.write_text(
        f"""
[node]
name = "{NODE}"
[broker]
host = "{broker.host}"
port = {broker.port}
ca_file = "{papers.ca_file}"
cert_file = "{papers.cert_file}"
key_file = "{papers.key_file}"
[[camera]]
name = "cong"
{camera}
[journal]
path = "{home / "journal.db"}"
[clips]
folder = "{home / "clips"}"
{more}
""",
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path
