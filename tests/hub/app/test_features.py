"""The list of features is complete, and no two features use the same name."""

import importlib
import os
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest
from jinja2 import PackageLoader

import hub
from hub.app.features import FEATURES
from hub.app.schema import TABLES, metadata
from hub.web.feature import Feature
from hub.web.i18n import words
from tests.hub.rigs.web_town import Town


def modules_named(*endings: str) -> list[ModuleType]:
    """The modules of the hub whose names end so, imported."""
    found = pkgutil.walk_packages(hub.__path__, "hub.")
    return [importlib.import_module(one.name) for one in found if one.name.endswith(endings)]


def test_every_feature_is_in_the_list() -> None:
    modules = modules_named("feature")
    made = [one for module in modules for one in vars(module).values() if type(one) is Feature]
    assert set(made) == set(FEATURES)
    assert twice(FEATURES) == []


def test_every_router_belongs_to_a_feature() -> None:
    named = {id(router) for feature in FEATURES for router in feature.routers}
    for module in modules_named("pages", "api", "stream"):
        router = getattr(module, "router", None)
        assert router is None or id(router) in named, module.__name__


def test_every_table_belongs_to_one_feature() -> None:
    assert modules_named("tables")
    assert sorted(table.name for table in TABLES) == sorted(metadata.tables)


def test_a_feature_moves_only_times_of_its_own_tables() -> None:
    for feature in FEATURES:
        for mark in feature.marks:
            assert mark.table in feature.tables, f"{feature.name}: {mark.table.name}"


@pytest.mark.parametrize("what", ["acts", "may", "globals"])
def test_no_name_is_given_twice(what: str) -> None:
    speech = words("en")
    given = {
        "acts": [act for feature in FEATURES for act in feature.acts(speech)],
        "may": [name for feature in FEATURES for name in feature.may],
        "globals": [name for feature in FEATURES for name in feature.globals],
    }
    assert twice(given[what]) == []


def test_names_of_features_and_of_templates_are_unique() -> None:
    assert twice(feature.name for feature in FEATURES) == []
    packages = ["hub.web", *(one for feature in FEATURES for one in feature.templates)]
    assert twice(name for one in packages for name in PackageLoader(one).list_templates()) == []


@pytest.mark.parametrize(
    ("field", "call"), [("may", r'\bmay\("(\w+)"\)'), ("panels", r'\bpanels\("(\w+)", ')]
)
def test_a_page_asks_only_for_links_and_panels_that_there_are(field: str, call: str) -> None:
    known = {name for feature in FEATURES for name in getattr(feature, field)}
    asked = set()
    for folder, _, names in os.walk(Path(hub.__file__).parent, followlinks=True):
        for name in names:
            if name.endswith((".py", ".html")):
                asked |= set(re.findall(call, Path(folder, name).read_text(encoding="utf-8")))
    assert asked == known


def test_limits_and_sizes_of_two_features_do_not_meet(town: Town) -> None:
    """So that their order says nothing."""
    for path, methods in town.app().openapi()["paths"].items():
        filled = re.sub(r"\{\w+\}", "x", path)
        for method in (one.upper() for one in methods):
            limiting = {
                feature.name
                for feature in FEATURES
                for rate in feature.rates
                if re.fullmatch(rate.methods, method) and re.fullmatch(rate.paths, filled)
            }
            assert len(limiting) <= 1, f"{method} {path}: {limiting}"
        sizing = {
            feature.name
            for feature in FEATURES
            for body in feature.bodies
            if re.fullmatch(body.paths, filled)
        }
        assert len(sizing) <= 1, f"{path}: {sizing}"


def twice(names: Iterable[object]) -> list[object]:
    """Values that occur more than once."""
    return [name for name, times in Counter(names).items() if times > 1]
