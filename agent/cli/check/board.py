"""Checks of the small computer: disk, card, power, heat, clock."""

from collections.abc import Iterator
from typing import Final

from agent.board.clock import SystemClock
from agent.cli.check.finding import Finding
from agent.config.sections import SPARE_BYTES
from agent.i18n import N_
from agent.wire.presence import BoardWords
from agent.wire.terms import ClockSource

HOT_C: Final = 80.0
"""A Raspberry Pi slows down at 80 °C."""
WORN_PERCENT: Final = 80


def findings(words: BoardWords, clock: SystemClock) -> Iterator[Finding]:
    """Findings about the board, one after the other; a value that this board does not report is
    unknown, which is not a fault."""
    yield _disk(words)
    yield _card(words)
    yield _power(words)
    yield _heat(words)
    yield _clock(clock)


def kind(model: str | None) -> Finding:
    """The model of the board. An unknown model is not a fault: its values stay unknown."""
    if model is None:
        return Finding(N_("board: it does not say what it is; power and heat may stay unknown"))
    facts: dict[str, object] = {"model": model}
    if "Raspberry Pi" in model:
        return Finding(N_("board: {model}"), facts=facts)
    about = N_("board: {model}, no Raspberry Pi: network and USB cameras, power may stay unknown")
    return Finding(about, facts=facts)


def _disk(words: BoardWords) -> Finding:
    about = N_("disk: {free} GB of {size} GB free")
    if words.disk_free_bytes is None or not words.disk_size_bytes:
        return Finding(N_("disk: unknown"))
    facts: dict[str, object] = {
        "free": f"{words.disk_free_bytes / 1e9:.1f}",
        "size": f"{words.disk_size_bytes / 1e9:.1f}",
    }
    if words.disk_free_bytes >= SPARE_BYTES:
        return Finding(about, facts=facts)
    return Finding(
        about,
        N_("it is as good as full"),
        N_("free space, or lower [clips] max_bytes: the oldest footage goes for the newest"),
        facts,
    )


def _card(words: BoardWords) -> Finding:
    worn = words.card_wear_percent
    if worn is None:
        return Finding(N_("card: an SD card does not tell how worn it is"))
    about, facts = N_("card: {worn} % of its life used"), {"worn": worn}
    if worn < WORN_PERCENT:
        return Finding(about, facts=dict(facts))
    return Finding(
        about,
        N_("it will die before long"),
        N_("replace it; the node is enrolled anew with a code for the same name"),
        dict(facts),
    )


def _power(words: BoardWords) -> Finding:
    about = N_("power")
    if words.is_under_voltage is None:
        return Finding(N_("power: this board does not tell"))
    cure = N_("use the board's own power supply and a short, thick cable")
    if words.is_under_voltage:
        return Finding(about, N_("the voltage is too low now"), cure)
    if words.was_under_voltage:
        return Finding(about, N_("the voltage was too low since it was switched on"), cure)
    return Finding(about)


def _heat(words: BoardWords) -> Finding:
    if words.temperature_c is None:
        return Finding(N_("temperature: this board does not tell"))
    about, facts = N_("temperature: {celsius} °C"), {"celsius": round(words.temperature_c)}
    if words.temperature_c < HOT_C and not words.is_throttled:
        return Finding(about, facts=dict(facts))
    return Finding(
        about,
        N_("it is so hot that it slows down"),
        N_("give it a heat sink, shade, and air; see that its vents are free"),
        dict(facts),
    )


def _clock(clock: SystemClock) -> Finding:
    """Check of the clock; an untrusted clock is not a fault, because the hub uses the age of
    messages."""
    source, error_ms = clock.trust()
    if source is ClockSource.NONE:
        return Finding(N_("clock: nobody vouches for it yet; the hub goes by its own"))
    about = N_("clock: kept by {source}, within {error_ms} ms")
    return Finding(about, facts={"source": source.upper(), "error_ms": error_ms})
