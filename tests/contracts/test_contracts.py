"""Contracts that users, nodes and files rely on: a change fails unless its file changes too.

`README.md` lists the contracts that are tested elsewhere.
"""

import ast
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from sqlalchemy import Connection, text
from starlette.routing import Mount, Route

from agent.config import AgentSettings
from hub.app.config import HubSettings
from hub.app.features import FEATURES
from hub.base.db.database import Database
from hub.cases.evidence.manifest import Manifest
from hub.oversight.log.details import RENAMED
from hub.web.i18n import words
from tests.contracts.helpers.contracts import in_postgresql
from tests.hub.helpers.app.every_command_is_logged import ELSEWHERE as COMMANDS_ELSEWHERE
from tests.hub.helpers.app.every_command_is_logged import LOGGED as COMMANDS_LOGGED
from tests.hub.helpers.app.every_route_is_logged import ELSEWHERE as ROUTES_ELSEWHERE
from tests.hub.helpers.app.every_route_is_logged import LOGGED as ROUTES_LOGGED
from tests.hub.helpers.cases.cases import ALL, let, whole
from tests.hub.helpers.oversight.metrics import measured
from tests.hub.rigs.desk import Desk
from tests.hub.rigs.web_town import Town, some_bytes
from toml_settings import FileSettings, known_keys, removed_keys

Holds = Callable[[str, Iterable[str]], None]

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture
def small_town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town on SQLite."""
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()


def test_routes(small_town: Town, holds: Holds) -> None:
    """In the order in which they are tried."""
    lines = []
    for route in small_town.app().routes:
        assert isinstance(route, Route | Mount)
        methods = "|".join(sorted(route.methods)) if isinstance(route, Route) else "files"
        lines.append(f"{methods} {route.path}")
    holds("routes.txt", lines)


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [AgentSettings, HubSettings], ids=lambda shape: shape.program)
def test_settings(shape: type[FileSettings], holds: Holds) -> None:
    """Each key with what it takes; `docs/reference` has its default, held by another test."""
    schema = shape.model_json_schema()
    lines = [f"# variables: {shape.variable('')}…, format {shape.version}"]
    for key in known_keys(shape):
        found = schema
        for name in key.split("."):
            found = properties(found, schema)[name]
        lines.append(f"{key}: {', '.join(takes(found, schema))}")
    lines += [f"{key}: removed" for key in removed_keys(shape)]
    holds(f"settings-{shape.program}.txt", lines)


def resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A part of a JSON schema, without a name in between."""
    name = part.get("$ref", "").rpartition("/")[2]
    return part | schema["$defs"][name] if name else part


def properties(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The keys of a table, also where it may be absent or repeated."""
    part = resolved(part, schema)
    inner = [*part.get("anyOf", ()), *([part["items"]] if "items" in part else ())]
    own: dict[str, Any] = part.get("properties", {})
    return own or next((p for one in inner if (p := properties(one, schema))), {})


def takes(part: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Kind and bounds of a value."""
    part = resolved(part, schema)
    if "anyOf" in part:
        yield " or ".join("; ".join(takes(one, schema)) for one in part["anyOf"])
    if "properties" in part:
        yield "table"
        return
    for key in ("type", "format", "enum", "const"):
        if key in part:
            yield str(part[key])
    for key in sorted(part):
        if key.lower().startswith(("min", "max", "exclusive")) or key == "pattern":
            yield f"{key} {part[key]}"
    if "items" in part:
        yield f"each {'; '.join(takes(part['items'], schema))}"
    for one in part.get("prefixItems", ()):
        yield f"then {'; '.join(takes(one, schema))}"


# --- acts of the log ------------------------------------------------------------------------------

DOTTED: Final = re.compile(r"[a-z_]+(\.[a-z_]+){1,3}")
ENDING: Final = re.compile(r"(.+\..+)\.(refused|again|held)")
"""An act, and the word that says it was not done."""
FILES: Final = re.compile(
    r"\.(html|js(on)?(\.new)?|css|txt|key|pem|pub|crt|db|toml|sig|tsr|pmtiles|secret|token|id|blind)$"
)
"""Names of files, of columns, and of what a task says in the program's log."""
NO_ACTS: Final = frozenset(
    {
        "clips.continuous_bytes",
        "clips.max_s",
        "clips.sighting_bytes",
        "clips.spare_bytes",
        "detector.dense",
        "http.response.start",
        "hub.footage.films.film_child",
        "hub.web",
        "intake.not_yet",
        "intake.numbers_lost_with_spool",
        "intake.set_aside",
        "matthan.oidc",
        "matthan.upload",
        "node.rival",
        "node.status",
        "node.unknown",
        "programs.bundle",
        "programs.may_be_older",
        "sighting.crowd_from",
        "sighting.evidence_s",
        "sighting.gap_s",
        "sighting.update_every_s",
    }
)
"""Other words with dots in the hub's code: add here what is none that the log keeps."""


def test_acts_of_the_log(holds: Holds) -> None:
    """Those in the code and those that routes and commands leave, without how they ended."""
    keys = {key for shape in (AgentSettings, HubSettings) for key in known_keys(shape)}
    keys |= {key.replace("camera.", "every_camera.") for key in keys}
    found = {word for path in sources() for word in words_of(path)} - keys - NO_ACTS
    found -= {package for feature in FEATURES for package in feature.templates}
    in_english = words("en")
    found -= {code for feature in FEATURES for code in feature.details(in_english)} - {
        act for feature in FEATURES for act in feature.acts(in_english)
    }
    acts = {word for word in found if not FILES.search(word)}
    acts |= {leaves.act for leaves in ROUTES_LOGGED.values()}
    acts |= {act for act, _ in (*ROUTES_ELSEWHERE.values(), *COMMANDS_ELSEWHERE.values())}
    acts |= {act for act, _ in COMMANDS_LOGGED.values()}
    holds("acts.txt", sorted({ENDING.sub(r"\1", act) for act in acts}))


def test_codes_of_details_of_the_log(holds: Holds) -> None:
    """Each with the names of its values: lines of the log have them for good."""
    texts = {code: said for one in FEATURES for code, said in one.details(words("en")).items()}
    known = [code for code in RENAMED if RENAMED[code] in texts]
    lines = [" ".join([code, *sorted(set(PLACE.findall(said)))]) for code, said in texts.items()]
    holds("details.txt", sorted([*lines, *known]))


PLACE: Final = re.compile(r"%\((\w+)\)s")


def sources() -> Iterator[Path]:
    for path in sorted((ROOT / "hub").rglob("*.py")):
        if "migrations" not in path.parts:
            yield path


def words_of(path: Path) -> Iterator[str]:
    """Words with dots in a module, but for what is said to the program's own log."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    said = {id(inner) for one in nodes if is_logging(one) for inner in ast.walk(one)}
    for node in nodes:
        word = node.value if isinstance(node, ast.Constant) else None
        if isinstance(word, str) and DOTTED.fullmatch(word) and id(node) not in said:
            yield word


def is_logging(node: ast.AST) -> bool:
    """Whether it is `log.info(…)` or the like."""
    match node:
        case ast.Call(func=ast.Attribute(attr="info" | "warning" | "error" | "exception")):
            return True
    return False


# --- databases ------------------------------------------------------------------------------------


def test_tables(db: Database, holds: Holds) -> None:
    """As each database tells them after all migrations."""
    kind = db.url.get_backend_name()
    with db.reading() as conn:
        holds(f"tables-{kind}.txt", {"sqlite": in_sqlite, "postgresql": in_postgresql}[kind](conn))


def in_sqlite(conn: Connection) -> Iterator[str]:
    query = """
        SELECT tbl_name, sql FROM sqlite_master WHERE sql NOT NULL
        ORDER BY tbl_name, type DESC, name"""
    for table, sql in conn.execute(text(query)):
        if not table.startswith("sqlite_"):
            lines = [line.strip() for line in sql.splitlines() if line.strip()]
            yield from [lines[0], *(f"    {line}" for line in lines[1:])]


# --- words, numbers, messages ---------------------------------------------------------------------


def test_message_ids(holds: Holds) -> None:
    """The catalogs byte for byte: whoever means to change words renews this too."""
    holds("catalogs.sha256", sums(sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po"))))


def test_messages_of_record_are_never_edited(holds: Holds) -> None:
    """`tests/agent/wire/test_wire.py` reads and writes them; nodes in the field speak them."""
    holds("messages.sha256", sums(sorted((ROOT / "tests" / "agent" / "golden").glob("*.json"))))


def sums(paths: Iterable[Path]) -> Iterator[str]:
    """As `sha256sum` prints them."""
    for path in paths:
        yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(ROOT)}"


def test_metrics(small_town: Town, holds: Holds) -> None:
    """Names and kinds; labels of those that have a sample in a small town."""
    small_town.somebody(some_bytes(500))
    counts = {"received": 1}
    since_start = dict.fromkeys(("intake", "refused", "copies"), lambda: counts)
    said = measured(small_town, **since_start).text()
    labels: dict[str, set[str]] = {}
    for name, inner in re.findall(r"^(\w+)\{(.*)\} ", said, re.M):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', inner))
    lines = []
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", said, re.M):
        found = sorted(set().union(*(labels.get(f"{name}{end}", ()) for end in ("", "_bucket"))))
        lines.append(f"{name} {kind} {' '.join(found)}".rstrip())
    holds("metrics.txt", sorted(lines))


# --- files that leave the hub ---------------------------------------------------------------------


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The keeper of the small town."""
    return Desk.of(sqlite_url, tmp_path, capsys)


def test_evidence_package(small_town: Town, tmp_path: Path, holds: Holds, desk: Desk) -> None:
    """Its members in their order, and every key of its JSON files."""
    seen, _, _ = whole(small_town)
    let(small_town, "an", ALL)
    words = ("--case", "VA-1", "--reason", "x", "--by", "an", "--alert", str(seen.alert_id))
    desk.says("evidence", "export", *words, "--into", str(tmp_path / "out"))
    [path] = (tmp_path / "out").glob("*.zip")
    with zipfile.ZipFile(path) as package:
        # Papers need fonts, which not every machine has.
        names = [name for name in package.namelist() if not name.endswith(".pdf")]
        lines = [f"member {re.sub('[0-9a-f]{8}', 'ID', name)}" for name in names]
        custody, manifest = (json.loads(package.read(f"{name}.json")) for name in JSON_FILES)
    lines += [f"custody.json {one}" for one in shape_of(custody)]
    assert Manifest.model_validate(manifest)
    holds("evidence-package.txt", [*lines, *(f"manifest.json {one}" for one in fields(Manifest))])


JSON_FILES: Final = ("custody", "manifest")


def test_backup(small_town: Town, tmp_path: Path, holds: Holds, desk: Desk) -> None:
    """Members and every key of the manifest, from a hub on SQLite."""
    small_town.somebody(b"picture")
    small_town.bring(b"picture")
    desk.says("backup", str(tmp_path / "all.zip"), "--with-media")
    with zipfile.ZipFile(tmp_path / "all.zip") as backup:
        lines = [f"member {re.sub('[0-9a-f]{64}', 'SHA256', name)}" for name in backup.namelist()]
        manifest = json.loads(backup.read("manifest.json"))
    lines += [f"manifest.json {one}" for one in shape_of(manifest, names=("tables", "members"))]
    holds("backup.txt", [*lines, f"format {manifest['format']}"])


def shape_of(value: object, above: str = "", *, names: tuple[str, ...] = ()) -> Iterator[str]:
    """Each key of a JSON text with its kind; keys below `names` are names of things."""
    if value in ({}, []):
        yield f"{above}: empty"
    elif isinstance(value, dict):
        for key, inner in value.items():
            if above in names:
                yield from shape_of(inner, f"{above}.*", names=names)
                return
            yield from shape_of(inner, f"{above}.{key}".lstrip("."), names=names)
    elif isinstance(value, list):
        yield from dict.fromkeys(
            one for inner in value for one in shape_of(inner, f"{above}[]", names=names)
        )
    else:
        yield f"{above}: {type(value).__name__}"


def fields(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Each key that a file may have, also those that a small one has not."""
    _, schema = models_json_schema([(model, "validation")])
    yield from _fields({"$ref": f"#/$defs/{model.__name__}"}, schema, above)


def _fields(part: Mapping[str, Any], schema: dict[str, Any], above: str) -> Iterator[str]:
    part = resolved(dict(part), schema)
    inner = part.get("properties", {})
    needed = set(part.get("required", ()))
    for key, one in inner.items():
        mark = "" if key in needed else " (optional)"
        yield f"{above}{key}{mark}: {', '.join(takes(one, schema))}"
        for deeper in (one, one.get("items", {}), *one.get("anyOf", ())):
            yield from _fields(deeper, schema, f"{above}{key}.")
