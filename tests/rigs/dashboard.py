"""Every query of the dashboard, sent to a real Prometheus that reads a hub's metrics.

    apt-get download prometheus && dpkg -x prometheus_*.deb P
    python -m tests.rigs.dashboard P/usr/bin/prometheus

A hub's site with a town behind it serves its metrics on loopback. Prometheus reads them with the
configuration and the alert rules of `deploy/metrics`, but every second. Then every query of a panel
must return a value, and no rule may have an error. Prints a line for each query; exits with 1 if
one has no answer.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from agent.wire.presence import Health
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.oversight.metrics.measured import Measured
from hub.registry import health
from hub.registry.registry import node_by_name
from hub.web.rendering import Measures
from tests.browser.served import address, free_socket, served
from tests.hub.rigs.web_town import NODE, Town
from tests.waiting import until

ROOT: Final = Path(__file__).parents[2]
METRICS: Final = ROOT / "deploy" / "metrics"
TOKEN: Final = "secret"
READ_FOR_S: Final = 20.0
QUIET: Final = frozenset({"matthan_troubles"})
"""Nothing is the right answer where nothing is wrong."""


def town_with_everything(folder: Path) -> Town:
    """Somebody was seen, and the box told how it is."""
    url = f"sqlite:///{folder / 'hub.db'}"
    migrate(url)
    town = Town(Database(url), folder)
    town.somebody()
    told = (ROOT / "tests/agent/golden/health.minute.json").read_text("utf-8")
    with town.db.writing() as conn:
        node = node_by_name(conn, NODE)
        if node is not None:
            health.note(conn, node.node_id, Health.model_validate_json(told), now=town.clock.now())
    return town


@contextmanager
def prometheus(program: Path, folder: Path, hub: str) -> Iterator[str]:
    """It reads; inside is its address."""
    said = (METRICS / "prometheus.yml").read_text("utf-8")
    (folder / "token").write_text(TOKEN)
    said = said.replace("/etc/prometheus/matthan.token", str(folder / "token"))
    said = said.replace("/etc/prometheus/matthan-alerts.yml", str(METRICS / "alerts.yml"))
    said = said.replace("127.0.0.1:8080", hub).replace(
        "scrape_interval: 15s", "scrape_interval: 1s"
    )
    (folder / "prometheus.yml").write_text(
        said.replace("scrape_timeout: 10s", "scrape_timeout: 1s")
    )
    place = free_socket()
    where = address(place)
    place.close()
    words = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    listen = f"--web.listen-address={where.removeprefix('http://')}"
    running = subprocess.Popen([program, *words, listen], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _is_ready(where))
        yield where
    finally:
        running.terminate()
        running.wait(30)


def _is_ready(where: str) -> bool:
    try:
        return httpx.get(f"{where}/-/ready").status_code == 200
    except httpx.HTTPError:
        return False


def rules_of(where: str) -> list[dict[str, Any]]:
    """Every rule, and how it is."""
    found = httpx.get(f"{where}/api/v1/rules").json()["data"]["groups"]
    return [one for group in found for one in group["rules"]]


def was_looked_at(rule: dict[str, Any]) -> bool:
    """Before that Prometheus gives the year 1."""
    return str(rule["lastEvaluation"]) > "0002"


def answers(where: str) -> Iterator[tuple[str, str, int]]:
    """Of each question of each panel: its title, the question, how many series came."""
    dashboard: dict[str, Any] = json.loads((METRICS / "grafana.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            asked = httpx.get(f"{where}/api/v1/query", params={"query": target["expr"]}).json()
            found = asked["data"]["result"] if asked["status"] == "success" else []
            yield panel["title"], target["expr"], len(found)


def main(program: Path) -> int:
    """See above."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        town, place = town_with_everything(folder), free_socket()
        measured = Measured(
            town.db,
            blobs=town.blobs,
            clock=town.clock,
            intake=lambda: {"received": 3},
            refused=lambda: {"guesses": 1},
            copies=lambda: {"dropped": 1},
        )
        hub = address(place)
        app = town.app(public_url=hub, measured=Measures(TOKEN, measured.text))
        with (
            served(app, place, stop=lambda: None),
            prometheus(program, folder, hub.removeprefix("http://")) as where,
        ):
            time.sleep(READ_FOR_S)
            told = list(answers(where))
            until(lambda: all(one["lastEvaluation"] > "0002" for one in rules_of(where)))
            rules = rules_of(where)
        town.db.close()
    sick = [one["name"] for one in rules if one["health"] != "ok"]
    lines = [f"{found} series: {title}: {question}" for title, question, found in told]
    lines.append(f"{len(rules)} rules, sick: {sick}")
    sys.stdout.write("\n".join(lines) + "\n")
    unanswered = [one for _, one, found in told if not found and one not in QUIET]
    return 1 if sick or unanswered else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
