"""Helpers of the tests of bundles by page, used by more than one module."""

import base64
from pathlib import Path

import httpx
from sqlalchemy import select

from hub.access.tables import people
from hub.base.audit.tables import audit
from hub.nodes.desired_state import release_rows
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor

HOME = "/configuration/programs"
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}
MARK = base64.b64encode(b"bundle.tar|1|2").decode()


class Office:
    """Kim's browser; the town's update key is known at the hub."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.kim = Visitor(town.app()).sign_in("kim", PASSWORD)

    def send_form(self, content: bytes, **said: str) -> httpx.Response:
        fields = {"csrf": self.kim.csrf, "upload": "", **said}
        files = {"bundle": ("bundle.tar", content, "application/x-tar")}
        headers = {**PAGE, **self.kim.origin}
        return self.kim.send("POST", f"{HOME}/add", data=fields, files=files, headers=headers)

    def begin(self, size_bytes: int) -> httpx.Response:
        said = {"Upload-Length": str(size_bytes), "Upload-Metadata": f"name VklE,mark {MARK}"}
        return self.script("POST", f"{HOME}/upload", headers=said)

    def bring(self, place: str, offset: int, piece: bytes) -> httpx.Response:
        headers = BODY | {"Upload-Offset": str(offset)}
        return self.script("PATCH", place, headers=headers, content=piece)

    def script(
        self, method: str, path: str, *, headers: dict[str, str], content: bytes = b""
    ) -> httpx.Response:
        headers = {**TUS, **self.kim.origin, "X-CSRF-Token": self.kim.csrf, **headers}
        return self.kim.send(method, path, headers=headers, content=content)

    def send_all(self, data: bytes, *, piece: int = 100_000, **said: str) -> httpx.Response:
        begun = self.begin(len(data))
        assert begun.status_code == 201, begun.text
        place, offset = begun.headers["location"], int(begun.headers["upload-offset"])
        while offset < len(data):
            answer = self.bring(place, offset, data[offset : offset + piece])
            assert answer.status_code == 204, answer.text
            offset = int(answer.headers["upload-offset"])
        return self.kim.post(f"{HOME}/take", upload=place.rpartition("/")[2], **said)

    def here(self) -> list[release_rows.Bundle]:
        with self.town.db.reading() as conn:
            return release_rows.bundles(conn)

    def log(self) -> list[tuple[str, str, str]]:
        query = select(audit, people.c.login).join(people, people.c.id == audit.c.person_id)
        with self.town.db.reading() as conn:
            rows = conn.execute(query.where(audit.c.act.like("programs.add%"))).all()
        return [(row.act, row.login, detail_of(row)) for row in rows]

    def leftovers(self) -> list[Path]:
        media = self.town.folder / "media"
        found = [*(media / "bundles").glob("*/*"), *(media / "incoming").glob("*")]
        return [path for path in found if path.is_file()]
