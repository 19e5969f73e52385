"""Texts of the reasons why a camera box made no file for a request, in the reader's language."""

from typing import assert_never

from agent.wire.no_answer import NoAnswer, understood
from hub.web.i18n import Messages


def no_answer_words(reason: str, words: Messages) -> str:
    """The reason in words; the sentence of an older box, which has no code, is shown as it is."""
    found = understood(reason)
    if found is None:
        return reason
    code, value = found
    say = words.say
    match code:
        case NoAnswer.NO_CAMERA:
            text = say("the box has no camera %(value)s")
        case NoAnswer.FAILED:
            text = say("its program says: %(value)s")
        case NoAnswer.ENDED:
            text = say("its program ended with the code %(value)s")
        case NoAnswer.TOO_LARGE:
            text = say("the file is larger than %(value)s bytes")
        case NoAnswer.TOO_SLOW:
            text = say("it was not made within %(value)s s")
        case NoAnswer.STOPPED:
            text = say("the box was stopped meanwhile")
        case _:
            assert_never(code)
    return text % {"value": value}
