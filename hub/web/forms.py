"""Reads forms with variable fields."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile


async def _read(request: Request) -> FormData:
    return await request.form()


Fields = Annotated[FormData, Depends(_read)]
"""A form with variable fields: one per weekday, place and step."""


def field(form: FormData, name: str) -> str:
    """One field; empty if it is missing or a file."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def content_of(form: FormData, most_bytes: int) -> bytes:
    """The file chosen in `file`, at most one byte more than allowed; else the text in `text`."""
    file = form.get("file")
    if isinstance(file, UploadFile):
        content = file.file.read(most_bytes + 1)
        if content:
            return content
    return field(form, "text").encode("utf-8", "surrogatepass")


def id_of(text: str) -> UUID | None:
    """The id in a field or an address; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
