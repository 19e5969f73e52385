"""Form for a person's order of channels, for usual and for critical alerts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent
from hub.notify.channels.listing import label_of, rank
from hub.notify.phones.service import PhoneService
from hub.notify.rules.channel_order import CRITICAL, SEVERITIES, Order, steps_for
from hub.notify.views import PhoneRow
from hub.web import forms
from hub.web.forms import Fields
from hub.web.i18n import Messages
from hub.web.services import service

router = APIRouter()

Phones = Annotated[PhoneService, service(PhoneService)]


@dataclass(frozen=True, slots=True)
class Severity:
    """One part of the form: a number per channel; equal numbers are at once."""

    name: str
    label: str
    places: tuple[tuple[str, str, int], ...]
    """Channel, its name and its number from 1, of each."""


def form_rows(
    orders: Mapping[str, Order], phones: Collection[PhoneRow], words: Messages
) -> tuple[Severity, ...]:
    """Rows of the form for a person with these active phones; none for one channel only."""
    living = {phone.channel for phone in phones}
    if len(living) < 2:
        return ()
    labels = {"usual": words.say("Usual alerts"), "critical": words.say("Critical alerts")}
    return tuple(
        Severity(
            name,
            labels[name],
            tuple(
                (channel, label_of(channel, words), place)
                for place, step in enumerate(steps_for(orders, living, name, rank=rank), start=1)
                for channel in sorted(step)
            ),
        )
        for name in SEVERITIES
    )


def _read(form: FormData, channels: Collection[str]) -> Mapping[str, Order]:
    """The chosen orders; ValueError for a number not in the list.

    "All at once" for critical alerts is not stored as an order: later channels are then included.
    """
    orders: dict[str, Order] = {}
    for severity in SEVERITIES:
        places: dict[int, set[str]] = {}
        for channel in channels:
            place = int(forms.field(form, f"{severity}-{channel}"))
            if not 1 <= place <= len(channels):
                raise ValueError(f"no place {place}")
            places.setdefault(place, set()).add(channel)
        order = tuple(frozenset(places[place]) for place in sorted(places))
        if severity != CRITICAL or len(order) > 1:
            orders[severity] = order
    return orders


@router.post("/settings/channels")
def choose_channels(visit: FormSent, phones: Phones, form: Fields) -> Response:
    """Store the order of channels for each severity."""
    own = phones.phones(visit.asker)
    living = {phone.channel for phone in own if phone.gone_utc_us is None}
    try:
        orders = _read(form, living)
    except ValueError as error:
        raise HTTPException(422) from error
    phones.choose_channels(visit.asker, orders)
    return RedirectResponse("/settings", 303)


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "phones.open": say("read their own settings"),
        "phone.add": say("added a phone"),
        "phone.remove": say("removed a phone"),
        "phone.check": say("a phone was checked"),
        "channels.choose": say("chose by which ways they are told"),
    }
