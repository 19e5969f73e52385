"""Texts of faults of accounts."""

from hub.access.account_errors import AccountFault
from hub.web.i18n import Messages


def fault_words(what: AccountFault, words: Messages) -> str:
    """Why a change of an account is refused."""
    say = words.say
    return {
        AccountFault.NOBODY: say("There is no such account."),
        AccountFault.SELF: say("Nobody decides about themselves: ask another keeper."),
        AccountFault.REASON: say("It needs a reason: somebody will ask one day."),
        AccountFault.LAST: say(
            "This is the last account that may manage. Let in another keeper first, with grants on "
            "the whole town."
        ),
        AccountFault.CLOSED: say("This account is closed. Reopen it on the page of its person."),
        AccountFault.SUSPENDED: say(
            "This account is suspended. Lift the suspension on the page of its person."
        ),
        AccountFault.NOT_CLOSED: say("This account is not closed."),
        AccountFault.OWNER: say("Enter the login of somebody whose account is open."),
        AccountFault.NOT_OPEN: say("Only an open account can be suspended."),
        AccountFault.NOT_SUSPENDED: say("This account is not suspended."),
        AccountFault.NAME: say("A person needs a name."),
        AccountFault.LOGIN: say("Somebody else signs in with this name, or it is empty."),
    }[what]
