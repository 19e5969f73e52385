"""Texts of the reasons why a message or a phone was lost, in the reader's language.

Channels and the ledger store the reasons in English (`hub.base.text.stored_text`).
"""

from collections.abc import Callable

from hub.base.text.stored_text import said_anew
from hub.web.i18n import Messages


def reason_words(reason: str, words: Messages) -> str:
    """The stored reason in the reader's language; text of a push service itself stays as it is."""
    return said_anew(reason, _shapes, words.say, lambda place, text: _value(place, text, words))


def _value(place: str, text: str, words: Messages) -> str:
    return said_anew(text, _of_zalo, words.say) if place == "zalo" else text


def _shapes(say: Callable[[str], str]) -> tuple[str, ...]:
    return (
        say("removed by its owner"),
        say("somebody else signed in on this phone"),
        say("removed by a keeper, as a lost phone is"),
        say("its owner's account was closed"),
        say("this hub has no channel %(name)s"),
        say("no answer within %(seconds)s s"),
        say("fault of the hub: %(name)s"),
        say("address not an address"),
        say("address neither https nor on this machine"),
        say("address names nobody"),
        say("address names no topic"),
        say("the phone's access token is unusable"),
        say("the phone's keys are unusable: %(name)s"),
        say("this address cannot be signed for"),
        say("Apprise does not know this address"),
        say("this service would add an entry instead of replacing it"),
        say("this ntfy server would add an entry instead of replacing it"),
        say("message of %(n)s bytes, more than %(m)s"),
        say("no answer from the service"),
        say("%(n)s from the service"),
        say("error %(code)s from the Zalo bot: its token"),
        say("error %(code)s from %(name)s"),
        say("Zalo %(code)s: %(zalo)s"),
        say("%(name)s: ConnectError"),
        say("%(name)s: ConnectTimeout"),
        say("%(name)s: ReadTimeout"),
        say("%(n)s from %(name)s: %(reason)s"),
        say("%(n)s from %(name)s"),
    )


def _of_zalo(say: Callable[[str], str]) -> tuple[str, ...]:
    return (
        say("does not follow the account"),
        say("is blocked or long unused"),
        say("a parameter is wrong"),
        say("a parameter is too long"),
        say("the account's quota is used up"),
        say("this person's quota is used up"),
        say("the account's quota of the day is used up"),
        say("the account's package does not allow it"),
        say("has not written to the account for 7 days"),
        say("has not written to the account lately"),
        say("this kind of message is not allowed"),
        say("does not want such messages"),
        say("no valid phone number"),
        say("no Zalo account has this number"),
        say("this account cannot receive"),
        say("no such template"),
        say("their Zalo is too old"),
        say("the template's data is empty"),
        say("the template's data is wrong"),
        say("is inactive or refuses such messages"),
        say("the account has no credit"),
        say("the account may not use this template"),
        say("the template is not approved"),
        say("the template's quota of the day is used up"),
        say("not at night (22:00-06:00)"),
        say("too many in a minute"),
    )
