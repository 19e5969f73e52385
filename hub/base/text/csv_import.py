"""Steps of importing a table, and its errors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from hub.base.audit.log import By
from hub.base.moment import Moment
from hub.base.text.csv_table import CsvFault

Done = Literal["add", "change", "same"]


@dataclass(frozen=True, slots=True)
class ImportStep:
    """Effect of importing one line."""

    line: int
    done: Done
    name: str
    place: str
    """The parent area as written in the table; empty: at the top, or unchanged."""
    write: Callable[[Connection, By, Moment], None]


@dataclass(frozen=True, slots=True)
class Import:
    """Effect of importing a table, or all errors of the table."""

    steps: tuple[ImportStep, ...]
    wrong: tuple[CsvFault, ...]

    @property
    def may_be_done(self) -> bool:
        """True if there is no error and something to do."""
        return not self.wrong and any(step.done != "same" for step in self.steps)


class RefusedError(Exception):
    """A line of the table is refused; has the reason."""

    def __init__(self, wrong: CsvFault) -> None:
        super().__init__(wrong)
        self.wrong = wrong


class ImportPlan:
    """Collects the steps and errors of a table, line by line."""

    def __init__(self, wrong: list[CsvFault]) -> None:
        self.wrong = wrong
        self.steps: list[ImportStep] = []

    def take(self, make: Callable[[], ImportStep]) -> None:
        """Add the step of a line, or its error."""
        try:
            self.steps.append(make())
        except RefusedError as refused:
            self.wrong.append(refused.wrong)

    def plan(self) -> Import:
        """The whole import, or all its errors."""
        wrong = tuple(sorted(self.wrong, key=lambda one: one.line))
        return Import(() if wrong else tuple(self.steps), wrong)
