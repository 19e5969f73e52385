"""A camera's own recorder by ONVIF Profile G: its recordings, and the address for replay.

Written to the ONVIF Core, Recording Search and Replay Control specifications; not yet tried against
a real recorder.
"""

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from agent.cameras.login import DeviceLogin
from agent.cameras.onvif.replay import play
from agent.cameras.onvif.soap import ask
from agent.media.archive import Archived, ArchiveError

_DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
_SEARCH: Final = "http://www.onvif.org/ver10/search/wsdl"
_REPLAY: Final = "http://www.onvif.org/ver10/replay/wsdl"
_TYPES: Final = "http://www.onvif.org/ver10/schema"
MOST_RECORDINGS: Final = 500
LEAST_AHEAD_US: Final = 1_000_000
SEARCH_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording; times are UTC microseconds by the recorder's clock, None if not stated."""

    token: str
    name: str
    from_utc_us: int | None
    until_utc_us: int | None


class OnvifRecorder:
    """Implements `Archive`; for one thread at a time. Every call may raise ArchiveError."""

    def __init__(
        self,
        address: str,
        *,
        login: Callable[[], DeviceLogin | None],
        utc_us: Callable[[], int],
        token: str = "",
    ) -> None:
        """`address` is the device service, `utc_us` the node's clock. `token` selects the camera's
        recording among several. `login` is called for each request: it may change."""
        self._address = address
        self._login = login
        self._utc_us = utc_us
        self._token = token

    def clock_ahead_us(self) -> int:
        """Microseconds by which the recorder's clock is ahead of the node's.

        The recorder tells whole seconds. A difference within that rounding plus the round trip
        counts as 0.
        """
        before = self._utc_us()
        body = f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>'
        action = f"{_DEVICE}/GetSystemDateAndTime"
        # Asked without a login, as in the specification: the time is needed to make one.
        said = ask(self._address, body, action=action, login=None, utc_us=before)
        moment = said.find(f".//{{{_TYPES}}}UTCDateTime")
        numbers = [] if moment is None else [_number(moment, name) for name in _CLOCK]
        try:
            there = datetime.strptime(f"{'-'.join(numbers)} +0000", "%Y-%m-%d-%H-%M-%S %z")
        except ValueError as error:
            raise ArchiveError("the recorder does not tell its time") from error
        after = self._utc_us()
        middle, slack_us = (before + after) // 2, (after - before) // 2
        ahead_us = round(there.timestamp() * 1e6) + 500_000 - middle
        return ahead_us if abs(ahead_us) >= LEAST_AHEAD_US + slack_us else 0

    def recordings(self) -> list[Recording]:
        """All recordings of the recorder."""
        ahead_us = self.clock_ahead_us()
        return self._find(self._services(ahead_us), ahead_us)

    def play(self, from_utc_us: int, until_utc_us: int) -> Iterator[Archived]:
        """See `Archive`."""
        ahead_us = self.clock_ahead_us()
        services = self._services(ahead_us)
        recording = self._chosen(self._find(services, ahead_us))
        address = self._replay_address(services, recording.token, ahead_us)
        yield from play(
            address,
            login=self._login(),
            from_utc_us=from_utc_us + ahead_us,
            until_utc_us=until_utc_us + ahead_us,
            ahead_us=ahead_us,
        )

    def _chosen(self, found: list[Recording]) -> Recording:
        if self._token:
            found = [one for one in found if one.token == self._token]
        if len(found) == 1:
            return found[0]
        names = ", ".join(one.token for one in found[:10]) or "none"
        raise ArchiveError(
            f"the recorder has not one recording to choose but {len(found)} ({names}): set"
            " recorder_token to one of its recordings"
        )

    def _services(self, ahead_us: int) -> dict[str, str]:
        """Service addresses by namespace, always at the configured host: no answer leads
        elsewhere."""
        body = (
            f'<GetServices xmlns="{_DEVICE}"><IncludeCapability>false</IncludeCapability>'
            "</GetServices>"
        )
        said = self._ask(self._address, body, f"{_DEVICE}/GetServices", ahead_us)
        found = {}
        for one in said.findall(f"{{{_DEVICE}}}Service"):
            space, address = _text(one, _DEVICE, "Namespace"), _text(one, _DEVICE, "XAddr")
            found[space] = at_host_of(self._address, address)
        missing = [name for name in (_SEARCH, _REPLAY) if name not in found]
        if missing:
            raise ArchiveError("the recorder lacks search or replay (ONVIF Profile G)")
        return found

    def _find(self, services: dict[str, str], ahead_us: int) -> list[Recording]:
        where = services[_SEARCH]
        body = (
            f'<FindRecordings xmlns="{_SEARCH}"><Scope/><MaxMatches>{MOST_RECORDINGS}</MaxMatches>'
            "<KeepAliveTime>PT60S</KeepAliveTime></FindRecordings>"
        )
        said = self._ask(where, body, f"{_SEARCH}/FindRecordings", ahead_us)
        search = _text(said, _SEARCH, "SearchToken")
        found: list[Recording] = []
        until_s = time.monotonic() + SEARCH_S
        while time.monotonic() < until_s and len(found) < MOST_RECORDINGS:
            body = (
                f'<GetRecordingSearchResults xmlns="{_SEARCH}">'
                f"<SearchToken>{escape(search)}</SearchToken><MinResults>1</MinResults>"
                "<MaxResults>100</MaxResults><WaitTime>PT5S</WaitTime></GetRecordingSearchResults>"
            )
            said = self._ask(where, body, f"{_SEARCH}/GetRecordingSearchResults", ahead_us)
            results = said.find(f"{{{_SEARCH}}}ResultList")
            if results is None:
                break
            found += [
                _recording(one) for one in results.findall(f"{{{_TYPES}}}RecordingInformation")
            ]
            if _text(results, _TYPES, "SearchState") == "Completed":
                return found
        raise ArchiveError("the recorder does not finish its search")

    def _replay_address(self, services: dict[str, str], token: str, ahead_us: int) -> str:
        body = (
            f'<GetReplayUri xmlns="{_REPLAY}" xmlns:t="{_TYPES}"><StreamSetup>'
            "<t:Stream>RTP-Unicast</t:Stream><t:Transport><t:Protocol>RTSP</t:Protocol>"
            f"</t:Transport></StreamSetup><RecordingToken>{escape(token)}</RecordingToken>"
            "</GetReplayUri>"
        )
        said = self._ask(services[_REPLAY], body, f"{_REPLAY}/GetReplayUri", ahead_us)
        return at_host_of(self._address, _text(said, _REPLAY, "Uri"))

    def _ask(self, url: str, body: str, action: str, ahead_us: int) -> ET.Element:
        now_there_us = self._utc_us() + ahead_us
        return ask(url, body, action=action, login=self._login(), utc_us=now_there_us)


_CLOCK: Final = ("Year", "Month", "Day", "Hour", "Minute", "Second")


def at_host_of(trusted: str, said: str) -> str:
    """The address in the recorder's answer, moved to the configured host and without a login.

    Raises ArchiveError if it is not an address.
    """
    try:
        parts, host = urlsplit(said.strip()), urlsplit(trusted).hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise ArchiveError("the recorder gives an invalid address") from error
    if parts.scheme not in {"http", "https", "rtsp"} or host is None:
        raise ArchiveError("the recorder gives an invalid address")
    place = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{place}{port}").geturl()


def _recording(said: ET.Element) -> Recording:
    source = said.find(f"{{{_TYPES}}}Source")
    return Recording(
        token=_text(said, _TYPES, "RecordingToken"),
        name="" if source is None else _text(source, _TYPES, "Name", ""),
        from_utc_us=_moment(_text(said, _TYPES, "EarliestRecording", "")),
        until_utc_us=_moment(_text(said, _TYPES, "LatestRecording", "")),
    )


def _moment(said: str) -> int | None:
    """UTC microseconds of an `xs:dateTime`; None if it is malformed."""
    try:
        known = datetime.fromisoformat(said)
    except ValueError:
        return None
    return round(known.replace(tzinfo=known.tzinfo or UTC).timestamp() * 1e6)


def _text(within: ET.Element, space: str, name: str, otherwise: str | None = None) -> str:
    said = within.findtext(f"{{{space}}}{name}", otherwise)
    if said is None:
        raise ArchiveError(f"the recorder's answer lacks {name}")
    return said.strip()


def _number(within: ET.Element, name: str) -> str:
    return within.findtext(f".//{{{_TYPES}}}{name}", "").strip()
