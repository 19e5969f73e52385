"""Marks each test by what it needs, and fails a test whose mark is wrong.

A test has the marks that it or its module names, and those of its fixtures: a fixture that starts a
real broker requests `needs_broker`, and so on. A test without a mark is a `unit` test.

A test that does something its marks do not allow fails at that very call: it starts a program,
connects a socket, or (in the fast check) sleeps. A test that never does what its mark says fails at
its end. Programs that C libraries start, and PostgreSQL's own client, are not seen; for these, the
fixtures set the marks.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

FAST: Final = ("unit", "loopback")
"""The marks of the fast check."""
NEEDS: Final = ("loopback", "broker", "postgres", "browser", "media", "system", "clock")
"""What a test may need; `pyproject.toml` says what each means."""
MARKS: Final = ("unit", *NEEDS, "campaign")

PROGRAMS: Final = {
    **dict.fromkeys(("mosquitto", "mosquitto_pub", "mosquitto_sub"), "broker"),
    **dict.fromkeys(("postgres", "initdb", "pg_dump", "psql"), "postgres"),
    **dict.fromkeys(("chromium", "firefox-esr", "firefox", "node", "npm"), "browser"),
    **dict.fromkeys(("ffmpeg", "ffprobe", "recording.sh"), "media"),
}
"""What starting a program counts as; any other program counts as `system`."""

WRAPPERS: Final = ("setpriv", "nice", "env", "timeout", "unshare", "ip")
"""Programs that start another, which is among their arguments."""

SLEEP_S: Final = 0.2
"""What a test of the fast check may sleep at once; heard from Python 3.13 on."""

CAMPAIGNS: Final = ("faults", "scope")
"""Folders of `tests` whose files `test_*_short.py` are campaigns."""

BY_PARAMETER: Final = {
    "postgresql": "postgres",
    "postgres_url": "postgres",
    "bucket": "system",
    "swift_bucket": "system",
}
"""Values of parameters by which a fixture takes what is needed."""


def _need_fixture(name: str) -> Any:
    @pytest.fixture(scope="session", name=f"needs_{name}")
    def need() -> None:
        """Nothing: that a fixture or a test requests it is what counts."""

    return need


for _name in NEEDS:
    globals()[f"needs_{_name}"] = _need_fixture(_name)


@pytest.fixture(scope="session")
def claim_need() -> Callable[[str, str], None]:
    """Says that the test under way needs a thing, and why: for what is not seen by itself."""
    return _claim


class WrongMark(pytest.fail.Exception):  # type: ignore[name-defined]  # made at run time
    """A test does what its marks do not allow; passes through `except Exception`."""


# --- at collection --------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    sys.addaudithook(_heard)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[_OWING] = Counter(borne for item in items for borne in _borne(item))
    for item in items:
        own = own_marks(item)
        for name in sorted(needs_of(item) - own) or (() if own else ("unit",)):
            item.add_marker(name)
    _long_files_first(items)
    if config.args == config.getini("testpaths"):
        found = Counter(name for item in items for name in own_marks(item))
        found["fast"] = sum(own_marks(item) <= {*FAST} for item in items)
        found["all"] = len(items)
        config.stash[_COUNTS] = found


def _long_files_first(items: list[pytest.Item]) -> None:
    """Order files by what their tests need, so that no worker ends with a long file alone."""
    rank = {"campaign": 0, "browser": 1, "system": 1, "broker": 2, "media": 2, "postgres": 3}
    first: dict[Path, int] = {}
    for item in items:
        ranks = (rank.get(name, 4) for name in own_marks(item))
        first[item.path] = min([first.get(item.path, 4), *ranks])
    files = _spread(sorted(first, key=lambda path: first[path]))
    place = {path: number for number, path in enumerate(files)}
    items.sort(key=lambda item: place[item.path])


def _spread(files: list[Path]) -> list[Path]:
    """The same files; those that play recordings in real time, and so leave a processor to others,
    lie two at the front and then one behind every ten others."""
    in_real_time = [path for path in files if "acceptance" in path.parts]
    spread = [path for path in files if path not in set(in_real_time)]
    for number, path in enumerate(in_real_time):
        spread.insert(max(0, number - 1) * 11, path)
    return spread


_COUNTS: Final = pytest.StashKey[Counter[str]]()
_OWING: Final = pytest.StashKey[Counter[tuple[str, str]]]()
"""How many tests that bear a mark are still to come, none of which used what it says so far."""


def counts(config: pytest.Config) -> Counter[str] | None:
    """How many tests have each mark, and `fast` and `all`; None where some were not collected."""
    return config.stash.get(_COUNTS, None)


def own_marks(item: pytest.Item) -> set[str]:
    """The marks that the test, its class or its module names."""
    return {mark.name for mark in item.iter_markers() if mark.name in MARKS}


def needs_of(item: pytest.Item) -> set[str]:
    """The marks that follow from the test's fixtures, their parameters, and its folder."""
    fixtures = set(getattr(item, "fixturenames", ()))
    needs = {name for name in NEEDS if f"needs_{name}" in fixtures}
    call = getattr(item, "callspec", None)
    values = call.params.values() if call is not None else ()
    needs |= {BY_PARAMETER[one] for one in values if isinstance(one, str) and one in BY_PARAMETER}
    if _is_campaign(item.path):
        needs.add("campaign")
    return needs


def _is_campaign(path: Path) -> bool:
    folders = {folder.name for folder in path.parents[:2]}
    return bool(folders & set(CAMPAIGNS)) and path.match("test_*_short.py")


# --- while a test runs ----------------------------------------------------------------------------


class _Running:
    """The test under way: what it may do, and what it did."""

    def __init__(self, item: pytest.Item) -> None:
        self.name = item.nodeid
        self.allowed = {mark.name for mark in item.iter_markers()} & set(MARKS)
        self.used = needs_of(item)
        self.wrong = ""

    def uses(self, need: str, what: str) -> None:
        self.used.add(need)
        if self._allows(need):
            return
        self.wrong = self.wrong or (
            f"{what}: mark the test, or have its fixture request needs_{need}; "
            f"its marks are {', '.join(sorted(self.allowed))}"
        )
        raise WrongMark(self.wrong)

    def _allows(self, need: str) -> bool:
        if need in self.allowed or "campaign" in self.allowed:
            return True
        if need in ("clock", "system"):  # what has real programs may wait, and start another
            return not self.allowed <= set(FAST)
        return need == "loopback" and "unit" not in self.allowed  # it talks to its programs


_running: _Running | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _running  # noqa: PLW0603 - an audit hook cannot be given anything
    _running = _Running(item)
    try:
        return (yield)
    finally:
        _running = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    yield
    assert _running is not None
    if _running.wrong:
        raise WrongMark(_running.wrong)
    if unused := sorted(_never_used(item, _running.used)):
        raise WrongMark(f"marked {', '.join(unused)}, but used none")


def _borne(item: pytest.Item) -> set[tuple[str, str]]:
    """Who bears a mark (a module, a class, a test with all its parameters), and the mark."""
    marks = item.iter_markers_with_node()
    found = ((node.nodeid.partition("[")[0], mark.name) for node, mark in marks)
    return {(bearer, name) for bearer, name in found if name in NEEDS}


def _never_used(item: pytest.Item, used: set[str]) -> set[str]:
    """What is marked and was used by none of the tests that the mark is for; this is the last."""
    owing = item.config.stash[_OWING]
    never = set()
    for bearer, name in _borne(item):
        key = (bearer, name)
        if name in used:
            owing[key] = -1
        elif owing[key] > 0:
            owing[key] -= 1
            if owing[key] == 0:
                never.add(name)
    return never


def _claim(need: str, what: str) -> None:
    if _running is not None:
        _running.uses(need, what)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    """Called by the interpreter for each thing it does that might be of interest to a guard."""
    if _running is None or event not in _EVENTS:
        return
    need, what = _EVENTS[event](arguments)
    if need:
        _claim(need, what)


def _program(arguments: tuple[Any, ...]) -> tuple[str, str]:
    executable, words = arguments[:2]
    said = [words] if isinstance(words, str | bytes) else list(words)
    return need_of_program(said or [executable]), f"starts {str(said)[:200]}"


def need_of_program(words: Sequence[Any]) -> str:
    """The mark that starting a program by these words counts as."""
    names = [Path(str(word)).name for word in words]
    if names[0] in WRAPPERS:
        return next((PROGRAMS[name] for name in names if name in PROGRAMS), "system")
    return PROGRAMS.get(names[0], "system")


def _connection(arguments: tuple[Any, ...]) -> tuple[str, str]:
    address = arguments[1]
    is_network = isinstance(address, tuple)
    return ("loopback" if is_network else ""), f"connects to {address}"


def _sleep(arguments: tuple[Any, ...]) -> tuple[str, str]:
    return ("clock" if arguments[0] > SLEEP_S else ""), f"sleeps {arguments[0]} s"


_EVENTS: Final = {
    "subprocess.Popen": _program,
    "os.fork": lambda _: ("system", "forks"),
    "os.posix_spawn": lambda arguments: _program((arguments[0], arguments[1])),
    "os.system": lambda arguments: ("system", f"starts {arguments[0]!r}"),
    "socket.connect": _connection,
    "time.sleep": _sleep,
}
