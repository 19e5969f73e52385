"""Reasons why an account cannot be closed or reopened."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.base.errors import RegistryError


class AccountFault(StrEnum):
    """Reasons to refuse; a page translates each for the reader."""

    NOBODY = "nobody"
    SELF = "self"
    REASON = "reason"
    LAST = "last"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    NOT_CLOSED = "not_closed"
    OWNER = "owner"
    NOT_OPEN = "not_open"
    NOT_SUSPENDED = "not_suspended"
    NAME = "name"
    LOGIN = "login"


_SENTENCES: Final[Mapping[AccountFault, str]] = {
    AccountFault.NOBODY: "there is no such account; add one with: officer add",
    AccountFault.SELF: "nobody closes their own account; ask another keeper",
    AccountFault.REASON: "closing an account needs a reason: somebody will ask one day",
    AccountFault.LAST: "this is the last account that may manage; let in another keeper first, "
    "with grants on the whole town",
    AccountFault.CLOSED: "the account is closed; reopen it with: officer reopen",
    AccountFault.SUSPENDED: "the account is suspended; lift that on the page of its person",
    AccountFault.NOT_CLOSED: "the account is not closed",
    AccountFault.OWNER: "a case goes to somebody with an open account; enter another login",
    AccountFault.NOT_OPEN: "only an open account can be suspended",
    AccountFault.NOT_SUSPENDED: "the account is not suspended",
    AccountFault.NAME: "a person needs a name",
    AccountFault.LOGIN: "somebody else has this login, or it is empty",
}


class AccountError(RegistryError):
    """`fault` is the reason for a page; the text is a sentence for the command line."""

    def __init__(self, fault: AccountFault) -> None:
        super().__init__(_SENTENCES[fault], f"account.{fault}")
        self.fault = fault
