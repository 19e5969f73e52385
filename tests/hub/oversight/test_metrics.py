"""Metrics for Prometheus: who may read them, their values, and that dashboard and rules use
them."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import insert, select, update

from hub.app import config
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.nodes.spool.tables import missing_numbers
from hub.oversight.metrics import measured as measured_metrics
from hub.oversight.metrics import queries
from hub.registry.tables import nodes
from hub.web.pictures.maker import ENDS
from hub.web.rendering import Measures
from tests.hub.helpers.oversight.metrics import measured
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor

pytestmark = pytest.mark.promise("Fleet: Prometheus can read hub and nodes.")

DEPLOY = Path(__file__).parents[3] / "deploy" / "metrics"
TOKEN = "secret"
OURS = re.compile(r"\b(?:matthan|process)_[a-z_]+\b")


def promtool(*words: str, said: str = "") -> str:
    done = subprocess.run(
        ["promtool", *words], input=said, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Some(Collector):
    """These metrics and no others."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> list[Metric]:
        return self._metrics


def text(metrics: Iterable[Metric]) -> str:
    return generate_latest(Some(metrics)).decode()


def test_samples_beyond_the_bound_are_left_out_and_counted(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured_metrics, "MOST_SAMPLES", 3)
    said = measured(town, intake=lambda: {str(n): n for n in range(10)}).text()
    assert said.count("matthan_intake_total{") == 3
    assert said.count("matthan_pictures_total{") == 3
    assert f"matthan_samples_left_out {7 + len(ENDS) - 3}.0" in said


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()


def visitor(town: Town) -> Visitor:
    counts = {"received": 3}
    said = measured(town, intake=lambda: counts, refused=lambda: {"guesses": 1})
    return Visitor(town.app(measured=Measures(TOKEN, said.text)))


@pytest.mark.system
def test_a_true_answer_is_what_promtool_calls_well_formed(town: Town) -> None:
    town.somebody(some_bytes(500))
    said = visitor(town).get("/metrics", Authorization="Bearer secret")
    assert said.status_code == 200
    assert said.headers["content-type"].startswith("text/plain; version=0.0.4")
    promtool("check", "metrics", said=said.text)
    for line in ('matthan_alerts{state="open"} 1', 'matthan_intake_total{what="received"} 3'):
        assert line in said.text
    for name in ("Nguyễn", "an", "kim"):  # no person is in it
        assert f'"{name}' not in said.text


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer wrong", "secret", "bearer secret", "Bearer secret ", "Bearer ố"]
)
def test_without_the_token_there_is_nothing(town: Town, said: str) -> None:
    headers = {"Authorization": said.encode()} if said else {}
    answer = visitor(town).send("GET", "/metrics", headers=headers)
    assert answer.status_code == 401
    assert "matthan_" not in answer.text


def test_where_nothing_is_measured_there_is_no_such_page(town: Town) -> None:
    answer = Visitor(town.app()).get("/metrics", Authorization="Bearer ")
    assert answer.status_code == 404


def test_who_asks_at_once_hears_the_same_and_costs_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured_metrics, "KEPT_S", 600.0)
    kept = measured(town)
    first = kept.text()
    town.somebody(some_bytes(500))
    assert kept.text() == first


@pytest.mark.system
def test_both_databases_count_alike(db: Database, tmp_path: Path) -> None:
    streets = Streets(db, tmp_path / "media")
    streets.officer("an")
    streets.file(streets.node.opened())
    with db.reading() as conn:
        said = text(queries.metrics(conn, streets.clock.now()))
    assert 'matthan_alerts{state="open"} 1' in said
    assert "matthan_notifications_due 1" in said
    promtool("check", "metrics", said=said)


def test_a_box_that_was_shut_out_counts_no_longer(db: Database, tmp_path: Path) -> None:
    streets = Streets(db, tmp_path / "media")
    streets.file(streets.node.opened())
    now = streets.clock.now()
    with db.writing() as conn:
        before = text(queries.metrics(conn, now))
        conn.execute(update(nodes).values(revoked_utc_us=now.utc_us))
        after = text(queries.metrics(conn, now))
    assert re.search(r'matthan_(nodes|cameras)\{state="\w+"\} [1-9]', before)
    assert not re.search(r'matthan_(nodes|cameras)\{state="\w+"\} [1-9]', after)


def test_events_count_as_missing_only_while_their_box_is_asked_for_them(
    db: Database, tmp_path: Path
) -> None:
    """Else the rule that wakes on them never rests after one box has lost its card, is shut out, or
    does not know them."""
    streets = Streets(db, tmp_path / "media")
    streets.file(streets.node.opened())
    now = streets.clock.now()
    spool_id = uuid4()
    asked = {"asks": 1, **columns("noticed", now), **columns("due", now)}
    given_up = asked | columns("due", None)

    def told() -> str:
        with db.reading() as conn:
            shown = text(queries.metrics(conn, now))
        return str(re.findall("^matthan_missing_events (.+)$", shown, re.M)[0])

    with db.writing() as conn:
        node_id = conn.scalar(select(nodes.c.id))
        conn.execute(update(nodes).values(spool_id=spool_id))
        rows = [(spool_id, 1, asked), (spool_id, 20, given_up), (uuid4(), 300, asked)]
        for spool, first_seq, more in rows:
            span = {"first_seq": first_seq, "last_seq": 2 * first_seq}
            conn.execute(
                insert(missing_numbers).values(node_id=node_id, spool_id=spool, **span, **more)
            )
    assert told() == "2.0"
    with db.writing() as conn:
        conn.execute(update(nodes).values(revoked_utc_us=now.utc_us))
    assert told() == "0.0"


def test_the_token_is_made_once_for_the_hub_alone(tmp_path: Path) -> None:
    settings = config.HubSettings(
        web={"public_url": "https://hub.example"},
        push={"subject": "mailto:keeper@hub.example"},
        secrets={"folder": str(tmp_path / "secrets")},
    )
    made = measured_metrics.token(settings.secrets.folder)
    assert len(made) >= 40 and measured_metrics.token(settings.secrets.folder) == made
    file = tmp_path / "secrets" / "metrics.token"
    assert file.stat().st_mode & 0o077 == 0


def families(town: Town) -> set[str]:
    said = measured(town).text()
    return {line.split()[2] for line in said.splitlines() if line.startswith("# TYPE")}


def test_rules_and_dashboard_ask_for_nothing_that_is_not_there(town: Town) -> None:
    known = families(town)
    dashboard = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = (DEPLOY / "alerts.yml").read_text("utf-8")
    asked += re.findall(r"expr: (.+)", rules)
    assert len(asked) > 25
    for expression in asked:
        assert set(OURS.findall(expression)) <= known, expression
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.system
def test_prometheus_takes_the_rules_and_the_sample(tmp_path: Path) -> None:
    assert "15 rules found" in promtool("check", "rules", str(DEPLOY / "alerts.yml"))
    sample = (DEPLOY / "prometheus.yml").read_text("utf-8")
    (tmp_path / "token").write_text("x")
    sample = sample.replace("/etc/prometheus/matthan.token", str(tmp_path / "token"))
    sample = sample.replace("/etc/prometheus/matthan-alerts.yml", str(DEPLOY / "alerts.yml"))
    (tmp_path / "prometheus.yml").write_text(sample)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


RULE_TESTS = """
rule_files: ["{rules}"]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'up{{job="matthan"}}', values: '1 1 0 0 0 0'}}
      - {{series: 'matthan_notifications_late_seconds', values: '0 60 60 60 0 0'}}
      - {{series: 'matthan_role_served{{role="web",instance="a"}}', values: '0 0 0 0 1 1'}}
      - {{series: 'matthan_role_served{{role="web",instance="b"}}', values: '0 0 0 0 1 1'}}
      - {{series: 'matthan_role_served{{role="intake",instance="a"}}', values: '1x20'}}
      - {{series: 'matthan_clock_error_seconds', values: '0.01x10'}}
      - {{series: 'matthan_node_up{{node="a"}}', values: '1x20'}}
      - {{series: 'matthan_node_up{{node="b"}}', values: '0x20'}}
      - {{series: 'matthan_node_temperature_celsius{{node="a"}}', values: '85x20'}}
      - {{series: 'matthan_node_temperature_celsius{{node="b"}}', values: '85x20'}}
      - {{series: 'matthan_node_under_voltage{{node="b"}}', values: '1x20'}}
    alert_rule_test:
      - {{eval_time: 1m, alertname: HubGone, exp_alerts: []}}
      - eval_time: 4m
        alertname: HubGone
        exp_alerts:
          - exp_labels: {{severity: critical, job: matthan}}
      - eval_time: 3m
        alertname: PushesLate
        exp_alerts:
          - exp_labels: {{severity: critical}}
      - {{eval_time: 5m, alertname: PushesLate, exp_alerts: []}}
      - eval_time: 3m
        alertname: RoleUnserved
        exp_alerts:
          - exp_labels: {{severity: critical, role: web}}
      - {{eval_time: 5m, alertname: RoleUnserved, exp_alerts: []}}
      - {{eval_time: 9m, alertname: HubClockDoubtful, exp_alerts: []}}
      - eval_time: 6m
        alertname: ManyBoxesGone
        exp_alerts:
          - exp_labels: {{severity: warning}}
      - eval_time: 16m
        alertname: BoxHot
        exp_alerts:
          - exp_labels: {{severity: warning, node: a}}
      - {{eval_time: 16m, alertname: BoxPowerWeak, exp_alerts: []}}
"""
"""Box b is gone: what it said last is no state that it is in."""


@pytest.mark.system
def test_rules_wake_when_they_should_and_rest_when_they_should(tmp_path: Path) -> None:
    rules = re.sub(
        r"\n        annotations:\n(?:          .*\n)+",
        "\n",
        (DEPLOY / "alerts.yml").read_text("utf-8"),
    )
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "tests.yml").write_text(RULE_TESTS.format(rules=tmp_path / "rules.yml"))
    promtool("test", "rules", str(tmp_path / "tests.yml"))
