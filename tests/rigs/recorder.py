"""A camera's own recorder on loopback, as strict as ONVIF Profile G allows.

SOAP over HTTP (device, search, replay), and RTSP that plays an H.264 file by the clock with the
replay header extension. A wrong request is refused as a real recorder may refuse it.
"""

import base64
import hashlib
import re
import socket
import struct
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import Final

import av

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
SEARCH = "http://www.onvif.org/ver10/search/wsdl"
REPLAY = "http://www.onvif.org/ver10/replay/wsdl"
TYPES = "http://www.onvif.org/ver10/schema"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
NTP_S: Final = 2_208_988_800
MTU: Final = 1400
CLOCK = re.compile(r"clock=(\d{8}T\d{6}(?:\.\d+)?Z)-(\d{8}T\d{6}(?:\.\d+)?Z)$")
REALM = "recorder"


@dataclass
class Film:
    """What it recorded: access units as NAL units, each with its time in microseconds UTC."""

    units: list[tuple[int, bool, list[bytes]]]
    parameter_sets: list[bytes]

    @classmethod
    def of(cls, path: str, *, began_utc_us: int) -> "Film":
        """Of an MP4 with H.264, which it recorded from then on."""
        with av.open(path) as file:
            stream = file.streams.video[0]
            extradata = bytes(stream.codec_context.extradata or b"")
            base = stream.time_base
            assert base is not None
            units = [
                (began_utc_us + round(packet.dts * base * 10**6), packet.is_keyframe, nals(packet))
                for packet in file.demux(stream)
                if packet.dts is not None
            ]
        return cls(units, parameter_sets_of(extradata))


def nals(packet: object) -> list[bytes]:
    data, found, at = bytes(packet), [], 0  # type: ignore[call-overload]  # a packet of av
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def parameter_sets_of(avcc: bytes) -> list[bytes]:
    found, at = [], 5
    for mask in (0x1F, 0xFF):
        count, at = avcc[at] & mask, at + 1
        for _ in range(count):
            (size,) = struct.unpack_from(">H", avcc, at)
            found.append(avcc[at + 2 : at + 2 + size])
            at += 2 + size
    return found


@dataclass
class Recorder:
    """Both servers; `with` starts and ends them."""

    film: Film
    login: tuple[str, str] = ("lan", "mật khẩu 12")
    ahead_s: int = 0
    """By how much its clock is ahead."""
    recordings: tuple[str, ...] = ("rec-1",)
    rtsp_digest: bool = True
    cuts_at: tuple[int, ...] = ()
    """Numbers of units before which it says that something is missing."""
    hangs_up_after: int | None = None
    """So many units are sent before the line is dropped."""
    ends_with: str = "flag"
    """`flag`: T in the last packet; `bye`: RTCP BYE."""
    never_ends_with: str = ""
    """What comes instead of the recording, without an end. `present`: pictures without the times of
    a recording; `reports`: RTCP alone; `moment`: its first picture."""
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)

    def __enter__(self) -> "Recorder":
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                recorder.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._rtsp = socket.create_server(("127.0.0.1", 0))
        self._threads = [
            threading.Thread(target=self._http.serve_forever, daemon=True),
            threading.Thread(target=self._serve, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._rtsp.shutdown(socket.SHUT_RDWR)
        self._rtsp.close()
        for thread in self._threads:
            thread.join()

    @property
    def address(self) -> str:
        """Address of the recorder's device service."""
        return f"http://127.0.0.1:{self._http.server_port}/onvif/device_service"

    # SOAP

    def answer(self, caller: BaseHTTPRequestHandler) -> None:
        data = caller.rfile.read(int(caller.headers["Content-Length"]))
        envelope = ET.fromstring(data)  # noqa: S314 - of our own agent
        body = envelope.find(f"{{{SOAP}}}Body")
        assert body is not None
        space, _, name = body[0].tag[1:].partition("}")
        self.asked.append(name)
        acts = {
            "GetSystemDateAndTime": self._tell_time,
            "GetServices": self._tell_services,
            "FindRecordings": self._begin_search,
            "GetRecordingSearchResults": self._tell_found,
            "GetReplayUri": self._tell_address,
        }
        wanted = f'action="{space}/{name}"'
        if wanted not in caller.headers["Content-Type"]:
            self._send(caller, 400, fault("the action is another one"))
        elif name != "GetSystemDateAndTime" and not self._signed_in(envelope):
            self._send(caller, 400, fault("Sender not Authorized"))
        elif name == "GetSystemDateAndTime" and envelope.find(".//{*}UsernameToken") is not None:
            self._send(caller, 400, fault("who knows the time needs no login"))
        else:
            self._send(caller, 200, acts[name](body[0]))

    def _send(self, caller: BaseHTTPRequestHandler, status: int, body: str) -> None:
        data = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()
        caller.send_response(status)
        caller.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        caller.send_header("Content-Length", str(len(data)))
        caller.end_headers()
        caller.wfile.write(data)

    def _signed_in(self, envelope: ET.Element) -> bool:
        said = {name: envelope.findtext(f".//{{*}}{name}", "") for name in
                ("Username", "Password", "Nonce", "Created")}  # fmt: skip
        if not said["Created"]:
            return False
        made = datetime.fromisoformat(said["Created"]).timestamp()
        nonce = base64.b64decode(said["Nonce"])
        proof = nonce + said["Created"].encode() + self.login[1].encode()
        is_theirs = said["Password"] == base64.b64encode(_sha1(proof)).decode()
        return is_theirs and said["Username"] == self.login[0] and abs(made - self._now_s()) < 5

    def _now_s(self) -> float:
        return time.time() + self.ahead_s

    def _tell_time(self, _: ET.Element) -> str:
        now = datetime.fromtimestamp(self._now_s(), UTC)
        clock = f"{now:<t:Hour>%-H</t:Hour><t:Minute>%-M</t:Minute><t:Second>%-S</t:Second>}"
        day = f"{now:<t:Year>%Y</t:Year><t:Month>%-m</t:Month><t:Day>%-d</t:Day>}"
        return (
            f'<d:GetSystemDateAndTimeResponse xmlns:d="{DEVICE}" xmlns:t="{TYPES}">'
            f"<d:SystemDateAndTime><t:UTCDateTime><t:Time>{clock}</t:Time>"
            f"<t:Date>{day}</t:Date></t:UTCDateTime>"
            "</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>"
        )

    def _tell_services(self, _: ET.Element) -> str:
        # Behind a router it names an address that the node could not reach.
        one = "".join(
            f"<d:Service><d:Namespace>{space}</d:Namespace>"
            f"<d:XAddr>http://192.0.2.7:{self._http.server_port}/onvif/{name}</d:XAddr></d:Service>"
            for space, name in ((DEVICE, "device_service"), (SEARCH, "search"), (REPLAY, "replay"))
        )
        return f'<d:GetServicesResponse xmlns:d="{DEVICE}">{one}</d:GetServicesResponse>'

    def _begin_search(self, said: ET.Element) -> str:
        assert said.find(f"{{{SEARCH}}}KeepAliveTime") is not None
        return (
            f'<e:FindRecordingsResponse xmlns:e="{SEARCH}"><e:SearchToken>s&amp;1</e:SearchToken>'
            "</e:FindRecordingsResponse>"
        )

    def _tell_found(self, said: ET.Element) -> str:
        assert said.findtext(f"{{{SEARCH}}}SearchToken") == "s&1"
        is_first = self.asked.count("GetRecordingSearchResults") % 2 == 1
        began, ended = (
            f"{datetime.fromtimestamp(self.film.units[place][0] / 1e6, UTC):%FT%TZ}"
            for place in (0, -1)
        )
        found = "".join(
            f"<t:RecordingInformation><t:RecordingToken>{token}</t:RecordingToken>"
            f"<t:Source><t:Name>Camera {token}</t:Name></t:Source>"
            f"<t:EarliestRecording>{began}</t:EarliestRecording>"
            f"<t:LatestRecording>{ended}</t:LatestRecording></t:RecordingInformation>"
            for token in self.recordings
        )
        state = "Searching" if is_first else "Completed"
        return (
            f'<e:GetRecordingSearchResultsResponse xmlns:e="{SEARCH}" xmlns:t="{TYPES}">'
            f"<e:ResultList><t:SearchState>{state}</t:SearchState>{'' if is_first else found}"
            "</e:ResultList></e:GetRecordingSearchResultsResponse>"
        )

    def _tell_address(self, said: ET.Element) -> str:
        assert said.findtext(f".//{{{TYPES}}}Protocol") == "RTSP"
        token = said.findtext(f"{{{REPLAY}}}RecordingToken")
        assert token in self.recordings
        port = self._rtsp.getsockname()[1]
        return (
            f'<r:GetReplayUriResponse xmlns:r="{REPLAY}">'
            f"<r:Uri>rtsp://192.0.2.7:{port}/replay/{token}</r:Uri></r:GetReplayUriResponse>"
        )

    # RTSP

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._rtsp.accept()
            except OSError:
                return
            # An open file keeps the socket open after its end.
            with caller, caller.makefile("rb") as heard:
                _Session(self, caller, heard).run()


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def fault(why: str) -> str:
    return (
        f'<s:Fault xmlns:s="{SOAP}"><s:Code><s:Value>s:Sender</s:Value></s:Code>'
        f'<s:Reason><s:Text xml:lang="en">{why}</s:Text></s:Reason></s:Fault>'
    )


class _Session:
    """One caller."""

    def __init__(self, recorder: Recorder, line: socket.socket, heard: BufferedReader) -> None:
        self._recorder = recorder
        self._line = line
        self._file = heard
        self._is_set_up = False

    def run(self) -> None:
        while head := self._head():
            method, _, rest = head[0].partition(" ")
            url = rest.partition(" ")[0]
            headers = {
                one.partition(":")[0].lower(): one.partition(":")[2].strip() for one in head[1:]
            }
            self._recorder.asked.append(method)
            try:
                if not self._take(method, url, headers):
                    return
            except OSError:
                return

    def _head(self) -> list[str]:
        lines = []
        while (line := self._file.readline()) not in {b"", b"\r\n"}:
            lines.append(line.decode().strip())
        return lines

    def _say(self, status: str, headers: dict[str, str], cseq: str, body: str = "") -> None:
        told = {"CSeq": cseq, **headers, **({"Content-Length": str(len(body))} if body else {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._line.sendall(f"RTSP/1.0 {status}\r\n{lines}\r\n{body}".encode())

    def _take(self, method: str, url: str, headers: dict[str, str]) -> bool:
        cseq = headers["cseq"]
        if self._recorder.rtsp_digest and not self._signed_in(method, url, headers):
            told = {"WWW-Authenticate": f'Digest realm="{REALM}", nonce="n1", qop="auth"'}
            self._say("401 Unauthorized", told, cseq)
            return True
        match method:
            case "DESCRIBE":
                base = {"Content-Base": f"{url}/", "Content-Type": "application/sdp"}
                self._say("200 OK", base, cseq, self._sdp())
            case "SETUP" | "PLAY" if headers.get("require") != "onvif-replay":
                self._say("551 Option not supported", {}, cseq)
            case "SETUP":
                assert url.endswith("/track0")
                assert "RTP/AVP/TCP" in headers["transport"]
                self._is_set_up = True
                self._say(
                    "200 OK", {"Session": "abc;timeout=60", "Transport": headers["transport"]}, cseq
                )
            case "PLAY":
                span = CLOCK.match(headers["range"])
                assert span is not None, headers["range"]
                assert headers["rate-control"] == "no"
                assert headers["session"] == "abc"
                assert self._is_set_up
                self._recorder.ranges.append(headers["range"])
                self._say("200 OK", {"Session": "abc"}, cseq)
                begin, end = (
                    round(datetime.fromisoformat(one).timestamp() * 1e6) for one in span.groups()
                )
                return self._play(begin, end, int(cseq) & 0xFF)
            case "TEARDOWN":
                self._say("200 OK", {}, cseq)
                return False
            case _:
                self._say("200 OK", {}, cseq)
        return True

    def _signed_in(self, method: str, url: str, headers: dict[str, str]) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', headers.get("authorization", "")))
        if "response" not in said:
            return False
        name, password = self._recorder.login

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        who, what = md5(f"{name}:{REALM}:{password}"), md5(f"{method}:{said['uri']}")
        proof = md5(f"{who}:n1:{said['nc']}:{said['cnonce']}:auth:{what}")
        return bool(said["response"] == proof and said["uri"] == url)

    def _sdp(self) -> str:
        sets = ",".join(
            base64.b64encode(one).decode() for one in self._recorder.film.parameter_sets
        )
        return (
            "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=Replay\r\nt=0 0\r\na=control:*\r\n"
            "m=audio 0 RTP/AVP 0\r\na=control:track1\r\n"
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1; sprop-parameter-sets={sets}\r\n"
            "a=control:track0\r\n"
        )

    def _play(self, begin: int, end: int, cseq: int) -> bool:
        """From the keyframe at or before `begin`, as a recorder does; False where it hangs up."""
        ahead_us = self._recorder.ahead_s * 1_000_000
        film = [(at + ahead_us, is_key, units) for at, is_key, units in self._recorder.film.units]
        before = [place for place, one in enumerate(film) if one[1] and one[0] <= begin]
        chosen = [one for one in film[before[-1] if before else 0 :] if one[0] <= end]
        while self._recorder.never_ends_with:
            self._say_no_more(chosen, cseq)
        packets = list(self._packets(chosen, cseq))
        for number, packet in packets:
            if number == self._recorder.hangs_up_after:
                return False
            self._line.sendall(b"$\0" + len(packet).to_bytes(2) + packet)
        if self._recorder.ends_with == "bye" or not packets:
            bye = struct.pack(">BBHI", 0x81, 203, 1, 7)
            self._line.sendall(b"$\1" + len(bye).to_bytes(2) + bye)
        return True

    def _say_no_more(self, chosen: list[tuple[int, bool, list[bytes]]], cseq: int) -> None:
        time.sleep(0.01)
        if self._recorder.never_ends_with == "reports":
            report = struct.pack(">BBHI", 0x80, 201, 1, 7)
            self._line.sendall(b"$\1" + len(report).to_bytes(2) + report)
            return
        for _, packet in self._packets(chosen[:1], cseq):
            if self._recorder.never_ends_with == "present":
                packet = b"\x80" + packet[1:12] + packet[28:]  # noqa: PLW2901 - the same, bare
            self._line.sendall(b"$\0" + len(packet).to_bytes(2) + packet)

    def _packets(
        self, chosen: list[tuple[int, bool, list[bytes]]], cseq: int
    ) -> Iterator[tuple[int, bytes]]:
        sequence = 65_530  # it wraps soon
        for number, (utc_us, is_key, units) in enumerate(chosen):
            pieces = [piece for unit in units for piece in fragments(unit)]
            for place, piece in enumerate(pieces):
                is_last = place == len(pieces) - 1
                flags = 0x80 if is_key else 0
                flags |= 0x20 if place == 0 and number in self._recorder.cuts_at else 0
                is_over = is_last and number == len(chosen) - 1
                flags |= 0x10 if is_over and self._recorder.ends_with == "flag" else 0
                seconds, rest = divmod(utc_us, 1_000_000)
                extension = struct.pack(
                    ">HHIIBBH",
                    0xABAC,
                    3,
                    seconds + NTP_S,
                    (rest << 32) // 1_000_000,
                    flags,
                    cseq,
                    0,
                )
                head = struct.pack(
                    ">BBHII",
                    0x90,
                    96 | (0x80 if is_last else 0),
                    sequence & 0xFFFF,
                    number * 9000 & 0xFFFFFFFF,
                    7,
                )
                sequence += 1
                yield number, head + extension + piece


def fragments(unit: bytes) -> Iterator[bytes]:
    """A NAL unit as RTP payloads: whole, or as FU-A."""
    if len(unit) <= MTU:
        yield unit
        return
    body = unit[1:]
    for at in range(0, len(body), MTU):
        start, end = at == 0, at + MTU >= len(body)
        yield (
            bytes([unit[0] & 0xE0 | 28, start << 7 | end << 6 | unit[0] & 0x1F])
            + body[at : at + MTU]
        )
