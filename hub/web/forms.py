"""Forms as people type them: models whose fields are text.

A route takes one as `Annotated[SomeForm, Form()]`. A method of the model makes from it what the
service takes, and raises the fault of the capability. The page shows the same model again, so that
nothing typed is lost.
"""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict


class TypedForm(BaseModel):
    """Base of the models: frozen, texts without outer spaces. What the form has beside is ignored.

    The guard limits the size of the whole form, and the service says what is too long.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, populate_by_name=True
    )


class TableForm(TypedForm):
    """A table as a chosen file, or as text pasted or carried from the preview."""

    file: UploadFile | None = None
    text: str = ""

    def content(self, most_bytes: int) -> bytes:
        """The file, at most one byte more than allowed; else the text."""
        content = b"" if self.file is None else self.file.file.read(most_bytes + 1)
        return content or self.text.encode("utf-8", "surrogatepass")


def id_of(text: str) -> UUID | None:
    """The id in a field or an address; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def midnight_utc_us(text: str, zone: ZoneInfo, *, days_later: int = 0) -> int | None:
    """First moment of a day such as `2026-11-25`, or of the day so many days later; None if empty.

    ValueError for anything else, and for years before 1971 or after 8999.
    """
    if not text:
        return None
    day = date.fromisoformat(text)
    if not 1970 < day.year < 9000:
        raise ValueError(f"year {day.year}")
    midnight = datetime.combine(day + timedelta(days=days_later), time(), zone)
    return round(midnight.timestamp()) * 1_000_000
