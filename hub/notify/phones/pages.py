"""Form for a person's order of channels, for usual and for critical alerts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent
from hub.notify.channels.listing import label_of, rank
from hub.notify.phones.service import PhoneService
from hub.notify.rules.channel_order import CRITICAL, SEVERITIES, USUAL, Order, steps_for
from hub.notify.views import PhoneRow
from hub.web.forms import TypedForm
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


class ChannelsForm(TypedForm):
    """The order of channels, each as `CHANNEL:PLACE`; the place counts from 1."""

    usual: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()

    def orders(self, channels: Collection[str]) -> Mapping[str, Order]:
        """The chosen orders of these channels; ValueError if one has no place.

        "All at once" for critical alerts is not stored: channels that come later are then included.
        """
        orders = {
            USUAL: _order(self.usual, channels),
            CRITICAL: _order(self.critical, channels),
        }
        if len(orders[CRITICAL]) < 2:
            del orders[CRITICAL]
        return orders


def _order(chosen: Sequence[str], channels: Collection[str]) -> Order:
    named = (choice.rpartition(":") for choice in chosen)
    places = {channel: int(place) for channel, _, place in named if channel in channels}
    if len(places) < len(channels) or not set(places.values()) <= set(range(1, len(channels) + 1)):
        raise ValueError("a channel without a place")
    return tuple(
        frozenset(channel for channel in places if places[channel] == place)
        for place in sorted(set(places.values()))
    )


@router.post("/settings/channels")
def choose_channels(
    visit: FormSent, phones: Phones, entered: Annotated[ChannelsForm, Form()]
) -> Response:
    """Store the order of channels for each severity."""
    own = phones.phones(visit.asker)
    living = {phone.channel for phone in own if phone.gone_utc_us is None}
    try:
        orders = entered.orders(living)
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
