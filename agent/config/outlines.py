"""Outlines as a technician writes them: lists of points [x, y], 0-1."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, InstanceOf, ValidationInfo

from agent.vision.geometry import Polygon

_SHAPE: Final = "[[[0.0, 0.0], [1.0, 0.0], [1.0, 0.2]]]"


def whose(info: ValidationInfo) -> str:
    """Name of the camera, and the key with the fault."""
    return f"camera {info.data.get('name', '?')}: {info.field_name}"


def outline(value: Any) -> Polygon:
    """A polygon from one list of points; raises ValueError with the cure."""
    if isinstance(value, Polygon):
        return value
    if not isinstance(value, list) or not all(is_point(point) for point in value):
        raise ValueError(f"an outline is a list of points [x, y], 0-1, such as {_SHAPE[1:-1]}")
    return Polygon(tuple((float(x), float(y)) for x, y in value))


def _outlines(value: Any, info: ValidationInfo) -> tuple[Polygon, ...]:
    if not isinstance(value, list | tuple) or any(is_point(one) for one in value):
        raise ValueError(f"{whose(info)} is a list of outlines, such as {_SHAPE}")
    found = []
    for number, one in enumerate(value, start=1):
        try:
            found.append(outline(one))
        except ValueError as error:
            raise ValueError(f"{whose(info)}: outline {number}: {error}") from error
    return tuple(found)


def is_point(value: Any) -> bool:
    """Whether the value is a list of two numbers."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(part, int | float) and not isinstance(part, bool) for part in value)
    )


Outlines = Annotated[tuple[InstanceOf[Polygon], ...], BeforeValidator(_outlines)]
"""Any number of outlines."""
