"""Helpers of the tests of rows, used by more than one module."""

from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment

NOW = Moment(1_800_000_000_000_000, 5)


def area_row(name: str) -> dict[str, object]:
    row = {"id": new_id(NOW), "level": "commune", "name": name, "name_folded": "tan khai"}
    return row | {"parent_id": None} | columns("valid_from", NOW)
