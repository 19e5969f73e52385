"""The list of scenes: the street under every condition, other heights, crowds, and no people."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.bench.agent.scenes.conditions import BY_NAME, CONDITIONS
from tests.bench.agent.scenes.crowd import CrowdScene
from tests.bench.agent.scenes.footage import Footage, Still, Street, Tree, empty_picture
from tests.bench.agent.scenes.heights import Close, Far
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.truth import Truth, load

SHORT_STREET_FRAMES = 100
"""The first frames: four people are there from the start, two come, one turns back behind a
sign."""
SHORT_EMPTY_FRAMES = 120
LONG_EMPTY_FRAMES = 600
WINDOW_PX = (150, 300, 288, 384)
"""The part of the street where most people pass (y, x, height, width)."""


@dataclass(frozen=True)
class Material:
    """The recordings and the truth, loaded when first needed."""

    street_file: Path
    tree_file: Path
    truth_file: Path

    @cached_property
    def truth(self) -> Truth:
        return load(self.truth_file)

    @cached_property
    def street(self) -> Street:
        return Street.load(self.street_file, self.truth)

    @cached_property
    def still(self) -> Still:
        return Still(empty_picture(self.street))

    @cached_property
    def tree(self) -> Tree:
        return Tree.load(self.tree_file)

    def people(self) -> dict[str, Footage]:
        """Footage with people, by the name of its scenes."""
        return {
            "street": self.street,
            "far": Far(self.street),
            "large": Close(self.street, (0, 0, *self.street.size), 2.0),
            "close": Close(self.street, WINDOW_PX, 2.5),
            "crowd": CrowdScene(self.street, 24, (30, 75)),
            "dense": CrowdScene(self.street, 60, (22, 60), dims=(0.5, 0.9), seed=12),
        }


def programme(material: Material, *, is_short: bool) -> Iterator[Scene]:
    """All scenes of a run, in the order of the table."""
    people = material.people()
    frames = SHORT_STREET_FRAMES if is_short else 0
    for condition in CONDITIONS:
        yield Scene(f"street, {condition.name}", people["street"], condition, frames)
    for name in ("far", "large", "close", "crowd", "dense"):
        few = min(frames, people[name].frames, 60) if is_short else 0
        yield Scene(name, people[name], frames=few)
    if not is_short:
        yield Scene("far, whole picture only", people["far"], is_whole_only=True)
        for name, weather in (("far", "rain"), ("far", "night"), ("crowd", "wet night")):
            yield Scene(f"{name}, {weather}", people[name], BY_NAME[weather])
    empty = SHORT_EMPTY_FRAMES if is_short else LONG_EMPTY_FRAMES
    for condition in CONDITIONS:
        yield Scene(f"nobody, {condition.name}", material.still, condition, empty)
    yield Scene("nobody, tree", material.tree, frames=empty)
