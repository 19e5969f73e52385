"""Text of a met rule for a push, in the officer's language."""

from hub.alerting.alerts.rules.rules_met import RuleMet
from hub.notify.i18n import PushMessages


def rule_words(met: RuleMet, words: PushMessages) -> str:
    """For example "Somebody lingers in Sân sau"; an unknown rule is named by its id."""
    match met.rule:
        case "entry":
            said = words.say("Somebody in {zone}")
        case "loitering":
            said = words.say("Somebody lingers in {zone}")
        case "crossing":
            said = words.say("Somebody stepped over {zone}")
        case "after_hours":
            said = words.say("Somebody in {zone} after hours")
        case "group":
            said = words.count("{n} person in {zone}", "{n} people in {zone}", met.people or 0)
        case _:
            said = "{rule} · {zone}"
    return said.format(zone=met.called, n=met.people or 0, rule=met.rule)
