"""Names of compass directions."""

from collections.abc import Mapping

from hub.web.i18n import Messages


def compass_words(words: Messages) -> Mapping[str, str]:
    """Names of the compass directions in which a person leaves."""
    say = words.say
    return {
        "n": say("to the north"),
        "ne": say("to the north-east"),
        "e": say("to the east"),
        "se": say("to the south-east"),
        "s": say("to the south"),
        "sw": say("to the south-west"),
        "w": say("to the west"),
        "nw": say("to the north-west"),
    }


def facing_words(words: Messages) -> Mapping[str, str]:
    """Names of the compass directions."""
    say = words.say
    return {
        "n": say("north"),
        "ne": say("north-east"),
        "e": say("east"),
        "se": say("south-east"),
        "s": say("south"),
        "sw": say("south-west"),
        "w": say("west"),
        "nw": say("north-west"),
    }
