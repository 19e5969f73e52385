"""A form with one large file, read in pieces: nothing of it is in memory or in `/tmp`.

Its fields must come before its file, as in our pages: they decide where the file goes.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from hub.web.resumable import PIECE_BYTES, chunks

MOST_FIELD_BYTES: Final = 16 * 1024
"""For all fields together."""


class MalformedError(Exception):
    """The request is not a form as sent by the hub's pages."""


class Sink(Protocol):
    """Target that receives the file of a form."""

    def write(self, chunk: bytes, /) -> None:
        """Append a piece."""

    def finish(self) -> None:
        """Finish after the end of the file, complete or not."""


class _Form:
    """Collects the parser's results."""

    def __init__(self, boundary: bytes, file_field: str) -> None:
        self.fields: dict[str, str] = {}
        self.held = bytearray()
        """Bytes of the file not passed on yet."""
        self.has_file = False
        self._file_field = file_field
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        self._said = bytearray()
        self._is_file = False
        self._name = ""
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._name_it,
                "on_part_data": self._take,
                "on_part_end": self._end,
            },
        )

    def _begin(self) -> None:
        self._headers, self._is_file = {}, False
        self._said.clear()

    def _end_header(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._header.clear()
        self._value.clear()

    def _name_it(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name == self._file_field and b"filename" in options
        if self._is_file and self.has_file:
            raise MalformedError("two files")
        self.has_file |= self._is_file

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.held += data[start:end]
            return
        self._said += data[start:end]
        if len(self._said) + sum(map(len, self.fields.values())) > MOST_FIELD_BYTES:
            raise MalformedError("its fields are too long")

    def _end(self) -> None:
        if not self._is_file:
            self.fields[self._name] = self._said.decode("utf-8", "replace")


async def receive(
    request: Request, *, file_field: str, begin: Callable[[Mapping[str, str]], Sink]
) -> Mapping[str, str]:
    """Fields of the form, after its file, if any, went to the target of `begin`.

    `begin` is called with the fields before the file, in a thread. Raises MalformedError,
    ClientDisconnect, and the errors of `begin` and its target.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise MalformedError("it is no form with a file")
    sink: Sink | None = None
    try:
        form = _Form(options[b"boundary"], file_field)
        async for chunk in chunks(request):
            form.parser.write(chunk)
            if form.has_file and sink is None:
                sink = await run_in_threadpool(begin, form.fields)
            if sink is not None and len(form.held) >= PIECE_BYTES:
                await _pass_on(form, sink)
        form.parser.finalize()
        if sink is not None:
            await _pass_on(form, sink)
    except FormParserError as error:
        raise MalformedError(str(error)) from error
    finally:
        if sink is not None:
            await run_in_threadpool(sink.finish)
    return form.fields


async def _pass_on(form: _Form, sink: Sink) -> None:
    piece = bytes(form.held)
    form.held.clear()
    await run_in_threadpool(sink.write, piece)
