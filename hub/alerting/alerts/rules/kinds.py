"""Kinds of alerts: one entry per kind, with its texts and what follows from it.

A new kind is a new member of `Kind`, and translations of its texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Self

from hub.base.text.marks import page_text


class Subject(StrEnum):
    """Subject of an alert: the inbox filters by it, and rules of routing name it."""

    PERSON = "person"
    CROWD = "crowd"
    TAMPERING = "tampering"
    """Somebody or something keeps a camera from seeing."""
    TROUBLE = "trouble"
    """A camera, a node or a broker does not work: for people who look after them."""
    TIP = "tip"
    OTHER = "other"
    """A newer version of the hub raised it: this one does not know its kind."""


class About(Enum):
    """What an alert names beside its place."""

    CAMERA = "camera"
    NEAREST_CAMERA = "nearest camera"
    NODE = "node"
    BROKER = "broker"
    NOTHING = "nothing"
    """It is about several nodes."""


@dataclass(frozen=True, slots=True)
class Text:
    """Message ids of one text: for one unit, and for several if that differs."""

    one: str
    several: str = ""

    def message_id(self, count: int) -> str:
        """The message id for this number of units."""
        return self.several if self.several and count != 1 else self.one


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEntry:
    """Texts and properties of one kind of alert. Texts are message ids."""

    subject: Subject
    about: About = About.CAMERA
    is_everywhere: bool = False
    """True if it concerns no place in particular."""
    is_critical: bool = False
    """Critical by itself; routing rules can make others critical."""
    headline: Text | None
    """On pages, with `%(n)d` for the number of people or units. None: the people and the camera
    rules that they met say more."""
    no_picture: str
    """On pages, in place of a picture while the alert runs."""
    advice: str = ""
    """On pages, for a technician; empty: none."""
    push: Text | None
    """Title of a push, see `hub.alerting.notifications.text` for its fields. None, as for
    `headline`: the people and the rules that they met say more."""
    push_over: str = ""
    """Title of the push about the end of a trouble; empty: there is no such push."""


def _seen(subject: Subject) -> KindEntry:
    return KindEntry(
        subject=subject,
        headline=None,
        no_picture=page_text("The picture is on its way from the camera box"),
        push=None,
    )


def _tampering(headline: str, advice: str) -> KindEntry:
    return KindEntry(
        subject=Subject.TAMPERING,
        headline=Text(headline),
        no_picture=page_text("No picture: it would show nothing"),
        advice=advice,
        push=Text(headline),
    )


_NO_PICTURE: Final = page_text("No picture at the hub")


class Kind(StrEnum):
    """Kinds of alerts, as stored."""

    entry: KindEntry

    def __new__(cls, code: str, entry: KindEntry) -> Self:
        """A kind is its stored code, and has an entry."""
        kind = str.__new__(cls, code)
        kind._value_ = code
        kind.entry = entry
        return kind

    PERSON = "person", _seen(Subject.PERSON)
    CROWD = "crowd", _seen(Subject.CROWD)
    """The number of people is an estimate."""
    TIP = (
        "tip",
        KindEntry(
            subject=Subject.TIP,
            about=About.NEAREST_CAMERA,
            headline=Text(page_text("Report from the people")),
            no_picture=page_text("No picture of a camera: somebody reported it"),
            push=Text("Report from the people · {place}"),
        ),
    )
    TAMPER_COVERED = (
        "tamper_covered",
        _tampering(
            page_text("Camera covered"),
            page_text("Take away what hangs or stands before the lens."),
        ),
    )
    TAMPER_SPRAYED = (
        "tamper_sprayed",
        _tampering(
            page_text("Paint or dirt on the camera"),
            page_text(
                "Clean the glass with a soft cloth; change the dome if paint has eaten into it."
            ),
        ),
    )
    TAMPER_TURNED = (
        "tamper_turned",
        _tampering(
            page_text("Camera turned away"),
            page_text(
                "Turn it back and tighten its joint. If the new view is meant, it is taken as usual"
                " after ten minutes."
            ),
        ),
    )
    TAMPER_DEFOCUSED = (
        "tamper_defocused",
        _tampering(
            page_text("Camera out of focus"),
            page_text("Focus the lens; look for water or grease on the glass."),
        ),
    )
    TAMPER_FROZEN = (
        "tamper_frozen",
        _tampering(
            page_text("Picture frozen"),
            page_text(
                "Restart the camera; if it freezes again, update its firmware or change its power."
            ),
        ),
    )
    TAMPER_TOO_DARK = (
        "tamper_too_dark",
        _tampering(
            page_text("Too dark to see anybody"),
            page_text(
                "See to the street lamp, or give the camera a light or a more sensitive lens."
            ),
        ),
    )
    TAMPER_BLINDED = (
        "tamper_blinded",
        _tampering(
            page_text("Camera blinded by light"),
            page_text("Find what shines into it; turn it a little, or give it a hood."),
        ),
    )
    TAMPER_LAMP_DEAD = (
        "tamper_lamp_dead",
        _tampering(
            page_text("Infrared lamp dead"),
            page_text("Switch the infrared lamp on in the camera, see to its power, or change it."),
        ),
    )
    CAMERA_LOST = (
        "camera_lost",
        KindEntry(
            subject=Subject.TROUBLE,
            headline=Text(page_text("Camera lost"), page_text("%(n)d cameras lost")),
            no_picture=page_text("No picture: the camera gives none"),
            push=Text("No signal from {camera}", "No signal from {n} cameras of {node}"),
            push_over="Signal is back: {camera}",
        ),
    )
    NODE_SILENT = (
        "node_silent",
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.NODE,
            headline=Text(page_text("Camera box silent")),
            no_picture=page_text("No picture: power or line may be gone there"),
            push=Text("Camera box {node} gives no sign"),
            push_over="Camera box {node} is back",
        ),
    )
    LINK_LOST = (
        "link_lost",
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.NOTHING,
            is_critical=True,  # a whole part of the town is down
            headline=Text(
                page_text("%(n)d camera box still silent"), page_text("%(n)d camera boxes silent")
            ),
            no_picture=page_text("No picture: power or line may be gone there"),
            push=Text("{n} camera boxes silent at once: line or power?"),
            push_over="All camera boxes are back",
        ),
    )
    BROKER_LOST = (
        "broker_lost",  # the hub hears none of its brokers
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.NOTHING,
            is_everywhere=True,
            is_critical=True,
            headline=Text(page_text("The hub hears no camera box")),
            no_picture=page_text("No picture: the hub's message broker is away"),
            push=Text("The hub hears no camera box: its message broker is away"),
            push_over="The hub hears its camera boxes again",
        ),
    )
    BROKER_UNHEARD = (
        "broker_unheard",  # the hub hears some of its brokers, and this one not fully
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.BROKER,
            is_everywhere=True,
            headline=Text(page_text("A message broker is not fully heard")),
            no_picture=page_text("No picture: a message broker is not fully heard"),
            push=Text("The hub does not fully hear message broker {broker}"),
            push_over="The hub fully hears message broker {broker} again",
        ),
    )
    NODE_RIVAL = (
        "node_rival",
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.NODE,
            headline=Text(page_text("Two computers under one name")),
            no_picture=_NO_PICTURE,
            push=Text("Two computers use the name {node}: was its certificate copied?"),
            push_over="One computer alone uses the name {node} again",
        ),
    )
    NODE_UNRECORDED = (
        "node_unrecorded",  # alerts go on without clips
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.NODE,
            headline=Text(page_text("Camera box records no video")),
            no_picture=_NO_PICTURE,
            advice=page_text(
                "End holds that no case needs any more, or see to the disk of the camera box: its"
                " own journal says which."
            ),
            push=Text("{node} records no video: disk full of held clips, or unusable"),
            push_over="{node} records video again",
        ),
    )
    NODE_HELD_BACK = (
        "node_held_back",  # its uploads wait: it filled more than its share of a short disk
        KindEntry(
            subject=Subject.TROUBLE,
            about=About.NODE,
            headline=Text(page_text("Footage of a camera box waits")),
            no_picture=_NO_PICTURE,
            advice=page_text(
                "The hub's disk is short, and this camera box brought several times as much as"
                " others. Its footage stays at the box; others go on. Free space at the hub, and"
                " look why it brings so much."
            ),
            push=Text("The hub's disk is short: {node} filled more than its share and waits"),
            push_over="The footage of {node} comes again",
        ),
    )


UNKNOWN: Final = KindEntry(
    subject=Subject.OTHER,
    headline=Text(page_text("Alert")),
    no_picture=_NO_PICTURE,
    push=Text("Alert · {place}"),
)
"""Entry for a stored kind that this version does not know."""

KINDS: Final[Mapping[str, Kind]] = {kind.value: kind for kind in Kind}
"""Kinds by their stored codes."""


def entry_of(stored: str) -> KindEntry:
    """The entry of a stored kind; `UNKNOWN` for a kind of a newer version."""
    kind = KINDS.get(stored)
    return kind.entry if kind else UNKNOWN


def kinds_about(*subjects: Subject) -> frozenset[Kind]:
    """All kinds with one of these subjects."""
    return frozenset(kind for kind in Kind if kind.entry.subject in subjects)


TROUBLES: Final = kinds_about(Subject.TROUBLE)
TAMPERINGS: Final = kinds_about(Subject.TAMPERING)
SIGHTINGS: Final = kinds_about(Subject.PERSON, Subject.CROWD)
"""Kinds of alerts about people whom a camera saw."""


def is_trouble(kind: str) -> bool:
    """True if alerts of this kind are about cameras, nodes or brokers themselves."""
    return entry_of(kind).subject is Subject.TROUBLE


def is_tampering(kind: str) -> bool:
    """True if alerts of this kind are about a camera's view."""
    return entry_of(kind).subject is Subject.TAMPERING
