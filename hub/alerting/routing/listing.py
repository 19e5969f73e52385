"""The table of alert rules: its order, search and filter."""

from dataclasses import dataclass
from typing import Final

from hub.alerting.routing.rules import RuleRecipients
from hub.alerting.routing.views import AlertRuleRow
from hub.base.text.order import by_name
from hub.web.table_view import Listing


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule with its sentence and what is wrong with it."""

    row: AlertRuleRow
    sentence: str
    warnings: list[str]


LISTING: Final = Listing[RuleLine](
    path="/rules",
    columns={
        "place": lambda line: by_name(line.row.place),
        "until": lambda line: line.row.rule.window.until_day,
        "by": lambda line: by_name(line.row.made_by_name or ""),
        "warnings": lambda line: -len(line.warnings),
    },
    standard="place",
    text=lambda line: f"{line.sentence} {line.row.reason} {line.row.made_by_name or ''}",
    choices={"tells": (tuple(RuleRecipients), lambda line: line.row.rule.tells)},
)
