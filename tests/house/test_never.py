"""Things that are never built: recognising people by face or looks, following named persons."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary

from hub.app.schema import metadata

pytestmark = pytest.mark.promise(
    "Core: The product has no face recognition and follows no named person."
)

ROOT = Path(__file__).resolve().parents[2]
KNOWS_PEOPLE = re.compile(
    r"face|facial|biometr|gait|re-?id\b|embedding|insight|dlib|arcface|mediapipe", re.IGNORECASE
)
"""In the names of libraries, kinds, fields and columns."""


def wire_schemas() -> dict[str, Any]:
    published = json.loads((ROOT / "docs/reference/wire.asyncapi.json").read_text(encoding="utf-8"))
    schemas: dict[str, Any] = published["components"]["schemas"]
    return schemas


def lists_of_numbers(schema: Any, where: str) -> Iterator[str]:
    """Every place in a schema where numbers may stand in a row of their own."""
    if isinstance(schema, list):
        for part in schema:
            yield from lists_of_numbers(part, where)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "array":
        items = [schema.get("items") or {}, *schema.get("prefixItems", [])]
        if any(item.get("type") in ("number", "integer") for item in items):
            yield where
    for name, part in schema.items():
        yield from lists_of_numbers(part, f"{where}.{name}")


def test_every_model_tells_people_from_vehicles_and_no_person_from_another() -> None:
    manifest = tomllib.loads((ROOT / "models" / "manifest.toml").read_text(encoding="utf-8"))
    kinds = {"person", "bicycle", "car", "motorcycle", "bus", "truck"}
    assert set(manifest["common"]["labels"]) == kinds
    assert all(set(model.get("labels", kinds)) <= kinds for model in manifest["model"].values())


def test_no_library_that_knows_people_by_their_face_is_among_ours() -> None:
    pinned = (ROOT / "deploy" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [line.partition("==")[0].strip() for line in pinned if "==" in line]
    assert len(names) > 20
    assert [name for name in names if KNOWS_PEOPLE.search(name)] == []


def test_no_code_of_ours_asks_opencv_for_faces() -> None:
    asks = re.compile(r"cv2\.(face|Face|CascadeClassifier)")
    sources = [*ROOT.glob("agent/**/*.py"), *ROOT.glob("hub/**/*.py")]
    assert len(sources) > 100
    assert [str(path) for path in sources if asks.search(path.read_text(encoding="utf-8"))] == []


def test_a_node_says_where_and_when_of_people_and_nothing_to_know_them_by() -> None:
    said = wire_schemas()["SightingOpened"]["properties"].keys()
    assert said == {
        "kind",
        "camera",
        "sighting_id",
        "object_kind",
        "people",
        "score",
        "box",
        "first_seen_utc_us",
        "picture",
        "rules",
        "wakes",
        "is_crowd",
    }


COLOURS = {
    "black",
    "white",
    "grey",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
}
DESCRIBED = {
    "upper": "colours",
    "lower": "colours",
    "transport": {"foot", "bicycle", "motorbike"},
    "transport_colour": "colours",
    "people": (1, 20),
    "height_m": (0.5, 2.5),
    "speed": {"standing", "walking", "fast"},
}
"""All that a description may say: words of these lists, a number of people, one height."""


def described(schema: dict[str, Any]) -> Any:
    """What a field of a description takes, as in `DESCRIBED`."""
    takes = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    assert len(takes) == 1
    (take,) = takes
    match take["type"]:
        case "string":
            return set(take["enum"])
        case "integer" | "number":
            return take["minimum"], take["maximum"]
        case "array":
            assert take["maxItems"] == 2
            assert take["items"] == {"$ref": "#/components/schemas/ColourWords"}
            return "colours"
    raise AssertionError(f"a description has {take}")


def test_the_end_of_a_sighting_adds_a_description_in_these_words_alone() -> None:
    schemas = wire_schemas()
    assert schemas["SightingClosed"]["properties"].keys() == {
        "kind",
        "camera",
        "sighting_id",
        "last_seen_utc_us",
        "duration_ms",
        "came",
        "went",
        "rode",
        "left_by",
        "description",
    }
    fields = schemas["DescriptionWords"]["properties"]
    assert {name: described(schema) for name, schema in fields.items()} == DESCRIBED
    colour = schemas["ColourWords"]["properties"]
    assert colour.keys() == {"colour", "confidence"}
    assert set(colour["colour"]["enum"]) == COLOURS
    assert (colour["confidence"]["minimum"], colour["confidence"]["maximum"]) == (0.0, 1.0)


def test_no_message_has_room_for_numbers_that_describe_somebody() -> None:
    fields = [name for schema in wire_schemas().values() for name in schema.get("properties", {})]
    assert [name for name in fields if KNOWS_PEOPLE.search(name)] == []
    places = {
        f"{name}.{place.rpartition('.properties.')[2]}"
        for name, schema in wire_schemas().items()
        for place in lists_of_numbers(schema, name)
    }
    assert {place.partition(".")[0] for place in places} == {"Missing", "NumbersDropped"}


def test_the_hub_has_no_column_to_know_somebody_by() -> None:
    columns = [column for table in metadata.tables.values() for column in table.columns]
    assert [str(column) for column in columns if KNOWS_PEOPLE.search(column.name)] == []
    bytes_of_any_kind = [str(c) for c in columns if isinstance(c.type, LargeBinary)]
    about_people = [name for name in bytes_of_any_kind if name.startswith(("sighting", "alert"))]
    assert about_people == []
