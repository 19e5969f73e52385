"""Databases for every test that needs one, and rules for all tests."""

import gc
import itertools
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Engine, create_engine

from hub.base.db.database import SYNC, Database
from hub.base.db.schema import migrate
from hub.web.pictures.maker import MAKER
from tests.drawing import DrawnHere
from tests.postgres import cluster
from tests.waiting import patience_s, until

pytest_plugins = ("tests.needs", "tests.leftovers")

# No test fails because the machine is busy.
settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("fast", settings.get_profile("tests"), max_examples=20)
settings.load_profile("tests")

_numbers = itertools.count(1)

DAY_S: Final = 86_400
TOWN_AHEAD_S: Final = 7 * 3600
"""Of UTC: the town is in Việt Nam, without summer time."""
ONE_TEST_S: Final = 90
"""Longer than a test with `one_day` takes."""
A_MOMENT_S: Final = 2
"""What is seen now began a moment ago."""

# As the programs do it: a traceback with all variables takes ten seconds.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """Collecting makes a million objects that stay: looking for garbage would take a sixth of its
    time. The collector passes over them from then on."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def pictures_drawn_here() -> Iterator[None]:
    """No child process for each test that looks at a picture; `test_pictures.py` has real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MAKER, "child", DrawnHere)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_sync() -> Iterator[None]:
    """SQLite in the tests' own process waits for no disk: nobody cuts the power there."""
    with pytest.MonkeyPatch.context() as patch:
        for is_durable in SYNC:
            patch.setitem(SYNC, is_durable, "OFF")
        yield


@pytest.fixture(scope="session", autouse=True)
def one_compiler() -> Iterator[None]:
    """SQLite engines of the tests share compiled queries: compiling is half of a test."""
    model = create_engine("sqlite+pysqlite://")
    model.connect().close()  # its dialect has then asked for the version

    def sharing(url: URL, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        if url.get_backend_name() == "sqlite":
            engine.dialect = model.dialect
            engine._compiled_cache = model._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.base.db.database.create_engine", sharing)
        yield
    model.dispose()


@pytest.fixture
def one_day() -> None:
    """The town's day (and so its month and year) does not turn while the test runs, which reads on
    a page of today what it has just done. Shortly before midnight it waits for the next day."""

    def is_one() -> bool:
        gone_s = (time.time() + TOWN_AHEAD_S) % DAY_S
        return A_MOMENT_S < gone_s < DAY_S - ONE_TEST_S

    until(is_one, "a new day has begun", every_s=0.1)


@pytest.fixture
def patient_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera of this machine may be slow: it is waited for like all else."""
    for name in ("OPEN_S", "READ_S", "KEYFRAME_S"):
        monkeypatch.setattr(f"agent.cameras.rtsp.source.{name}", patience_s())


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite waits for the disk as it does in service."""
    monkeypatch.setitem(SYNC, True, "FULL")
    monkeypatch.setitem(SYNC, False, "NORMAL")


@pytest.fixture(scope="session")
def postgres_cluster(needs_postgres: None) -> Iterator[str]:
    """The address of the run's own cluster, without a database name."""
    with cluster() as url:
        yield url


def _admin(cluster_url: str) -> str:
    return cluster_url.replace("+psycopg", "") + "/postgres"


@pytest.fixture(scope="session")
def lasting_postgres(
    postgres_cluster: str, claim_need: Callable[[str, str], None]
) -> Callable[[str], str]:
    """Makes a new database from a template and returns its address; it stays until the run ends."""

    def make(template: str) -> str:
        claim_need("postgres", "makes a database")
        name = f"hub_{next(_numbers)}"
        with psycopg.connect(_admin(postgres_cluster), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return f"{postgres_cluster}/{name}"

    return make


@pytest.fixture
def empty_postgres(
    postgres_cluster: str, lasting_postgres: Callable[[str], str]
) -> Iterator[Callable[[str], str]]:
    """Makes a new database from a template (default: empty) and returns its address. It is dropped
    after the test: a thousand of them would fill the memory."""
    made = []

    def make(template: str = "template0") -> str:
        made.append(lasting_postgres(template))
        return made[-1]

    yield make
    with psycopg.connect(_admin(postgres_cluster), autocommit=True) as conn:
        for url in made:
            conn.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_template(lasting_postgres: Callable[[str], str]) -> str:
    """The name of a migrated database that others are copied from."""
    url = lasting_postgres("template0")
    migrate(url)
    return url.rpartition("/")[2]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A migrated SQLite database of the test's own."""
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    return f"sqlite:///{tmp_path / 'hub.db'}"


@pytest.fixture
def postgres_url(empty_postgres: Callable[[str], str], postgres_template: str) -> str:
    """A migrated PostgreSQL database of the test's own."""
    return empty_postgres(postgres_template)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database; the test runs once on each kind."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(name))


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'blank.db'}"
    return str(request.getfixturevalue("empty_postgres")("template0"))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A migrated database, open; the test runs once on each kind."""
    database = Database(database_url)
    yield database
    database.close()
