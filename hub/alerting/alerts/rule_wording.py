"""Texts of met camera rules."""

from hub.alerting.alerts.rules.rules_met import RuleMet
from hub.web.i18n import Messages


def rule_sentence(met: RuleMet, words: Messages) -> str:
    """For example "Lingers in Sân sau for 20 seconds"; an unknown rule is named by its id."""
    said = {"zone": met.called, "n": met.people or met.seconds or 0, "rule": met.rule}
    match met.rule:
        case "entry":
            sentence = words.say("Is in %(zone)s")
        case "loitering":
            sentence = words.count(
                "Lingers in %(zone)s for %(n)d second",
                "Lingers in %(zone)s for %(n)d seconds",
                met.seconds or 0,
            )
        case "crossing":
            sentence = words.say("Stepped over %(zone)s")
        case "after_hours":
            sentence = words.say("Is in %(zone)s after hours")
        case "group":
            sentence = words.count(
                "%(n)d person in %(zone)s", "%(n)d people in %(zone)s", met.people or 0
            )
        case _:
            sentence = "%(rule)s · %(zone)s"
    return sentence % said


def with_people(met: RuleMet, people: str, words: Messages) -> str:
    """The sentence of a rule, and the number of people if the rule does not state it."""
    sentence = rule_sentence(met, words)
    return sentence if met.rule == "group" else f"{sentence} · {people}"
