"""Texts of refused acts, in the reader's language: the sentence that the page showed.

A refused act's line keeps the text of its error. Most errors of a page are one of a few faults.
Their texts and sentences are listed here by the beginnings of the acts that meet them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_wording import fault_words
from hub.access.grants import wording as grants_wording
from hub.access.grants.faults import GrantError, GrantFault
from hub.alerting.oncall import wording as oncall_wording
from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.routing import wording as routing_wording
from hub.alerting.routing.rules import RuleFault
from hub.alerting.routing.service import RuleError
from hub.cases.pages import fault_word as case_fault_word
from hub.cases.views import CaseError, CaseFault
from hub.nodes.releases.bundles import BundleRefusedError, BundleTrouble
from hub.nodes.releases.upload_pages import sentence as bundle_sentence
from hub.places.areas import pages as area_pages
from hub.places.areas.rows import AreaError, AreaFault
from hub.public.data_requests import wording as data_requests_wording
from hub.public.data_requests.views import DataRequestError, DataRequestFault
from hub.public.households import pages as household_pages
from hub.public.households import upload_pages as household_upload_pages
from hub.public.households.rules import (
    HouseholdError,
    HouseholdFault,
    HouseholdUploadError,
    HouseholdUploadFault,
)
from hub.public.notices import pages as notice_pages
from hub.public.tips import forms as tip_forms
from hub.public.tips.rules import TipError, TipFault
from hub.web.i18n import Messages


@dataclass(frozen=True, slots=True)
class _Faults:
    """Faults of the acts that begin so: how each is stored, and its sentence."""

    acts: tuple[str, ...]
    faults: Iterable[Any]
    stored: Callable[[Any], str]
    said: Callable[[Any, Messages], str]


_NOTICES: Final = ("title", "text", "way", "channel", "picture", "sound", "large")

_ALL: Final = (
    _Faults(("area.",), AreaFault, lambda one: str(AreaError(one)), area_pages.fault_word),
    _Faults(
        ("grant.", "grants.", "person."),
        GrantFault,
        lambda one: str(GrantError(one)),
        grants_wording.fault,
    ),
    _Faults(
        ("person.", "invitation.", "case.hand_over", "phone."),
        AccountFault,
        lambda one: str(AccountError(one)),
        fault_words,
    ),
    _Faults(
        ("team.", "roster.", "plan.", "silence.", "alert.snooze"),
        OnCallFault,
        lambda one: str(OnCallError(one)),
        oncall_wording.fault,
    ),
    _Faults(("rule.",), RuleFault, lambda one: str(RuleError(one)), routing_wording.fault),
    _Faults(
        ("case.ask",),
        HouseholdFault,
        lambda one: str(HouseholdError(one)),
        household_pages.fault_word,
    ),
    _Faults(("case.",), CaseFault, lambda one: str(CaseError(one)), case_fault_word),
    _Faults(
        ("household.send",),
        HouseholdUploadFault,
        lambda one: str(HouseholdUploadError(one)),
        household_upload_pages.fault_word,
    ),
    _Faults(
        ("household.",),
        HouseholdFault,
        lambda one: str(HouseholdError(one)),
        household_pages.fault_word,
    ),
    _Faults(("tip.",), TipFault, lambda one: str(TipError(one)), tip_forms.fault_word),
    _Faults(
        ("petition.",),
        DataRequestFault,
        lambda one: str(DataRequestError(one)),
        data_requests_wording.fault_word,
    ),
    _Faults(("notice",), _NOTICES, str, notice_pages.fault_word),
    _Faults(
        ("programs.add",),
        BundleTrouble,
        lambda one: str(BundleRefusedError(one)),
        lambda one, words: bundle_sentence(BundleRefusedError(one), words),
    ),
)


def fault_text(act: str, detail: str, words: Messages) -> str:
    """The sentence of a refused act's error, with its details; empty for another text."""
    for theirs in _ALL:
        if not act.startswith(theirs.acts):
            continue
        for fault in theirs.faults:
            stored = theirs.stored(fault)
            if detail == stored:
                return theirs.said(fault, words)
            if detail.startswith(f"{stored}: "):
                return f"{theirs.said(fault, words)} ({detail[len(stored) + 2 :]})"
    return ""
