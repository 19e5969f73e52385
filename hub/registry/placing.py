"""What a camera's place is set to, for the log."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.base.audit.detail import Detail

_PARTS: Final[Mapping[str, Callable[[object], Detail]]] = {
    "latitude_deg": lambda value: Detail("camera.latitude_deg", number=value),
    "longitude_deg": lambda value: Detail("camera.longitude_deg", number=value),
    "bearing_deg": lambda value: (
        Detail("camera.no_bearing") if value is None else Detail("camera.bearing_deg", number=value)
    ),
    "label": lambda value: Detail("camera.label", name=value),
    "kept_label": lambda value: Detail("camera.kept_label", name=value),
    "area_id": lambda value: Detail("camera.area_id", id=value),
}


def placing(values: Mapping[str, Any]) -> Detail:
    """The detail of an act that sets these columns of a camera."""
    return Detail("camera.placed", *(_PARTS[column](value) for column, value in values.items()))
