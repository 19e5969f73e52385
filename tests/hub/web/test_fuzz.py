"""Requests to every form and endpoint, valid and invalid by its own description: never a 5xx.

A few examples for each in the test command, by a fixed choice; more and others by

    MATTHAN_FUZZ=100 .venv/bin/pytest tests/hub/web/test_fuzz.py
"""

import itertools
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.access.rules.oidc import ProviderError, ProviderPerson, SignInAttempt
from hub.app.schema import metadata
from hub.base.db.database import Database
from tests.hub.helpers.public.households import ask as ask_household
from tests.hub.helpers.public.households import open_case, register
from tests.hub.rigs.web_town import PASSWORD, TOKEN, Town, some_bytes
from tests.hub.rigs.web_visitor import PAGE, Visitor

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.promise("Pages: No form or endpoint answers random input with a server error."),
]

MORE: Final = int(os.environ.get("MATTHAN_FUZZ", "0"))
EXAMPLES: Final = MORE or 2
QUIETLY: Final = settings(
    max_examples=EXAMPLES,
    database=None,
    derandomize=not MORE,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ALL = Right(sum(Right))


@pytest.fixture
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """Something lies behind every page, and a keeper may see and do it all."""
    db = Database(request.getfixturevalue(request.param))
    town = Town(db, tmp_path)
    picture = some_bytes(5_000)
    seen = town.somebody(picture)
    town.clip(seen, some_bytes(9_000))
    town.bring(picture)
    town.add_person("quan", "Hồ Quân", "keeper", ALL)
    keeper = Visitor(town.app()).sign_in("quan", PASSWORD)
    assert keeper.post("/duty/teams", area=str(town.area_id), name="Đội 1").status_code == 303
    assert keeper.post("/invitations", login="dung").status_code == 200
    household_id, _ = register(town, keeper, channel="")
    ask_household(town, keeper, open_case(keeper), household_id)
    asked = {"wish": "delete", "what": "trước chợ", "name": "Lan", "contact": "0909 000 111"}
    for outcome in ("granted", ""):  # one that may be deleted for, one that waits
        assert keeper.post("/petitions", **asked, area=str(town.area_id)).status_code == 200
        asked["what"] += ", sáng"
        if outcome:
            petition_id = known_ids(town)["petition_id"][0]
            answer = keeper.post(
                f"/petitions/{petition_id}/answer", outcome=outcome, words="Đồng ý"
            )
            assert answer.status_code == 303
    yield town
    db.close()


TABLES: Final = {
    "alert_id": "alerts",
    "media_id": "media",
    "clip_id": "media",
    "team_id": "teams",
    "area_id": "areas",
    "area": "areas",
    "camera_id": "cameras",
    "camera": "cameras",
    "person": "people",
    "person_id": "people",
    "silence_id": "silences",
    "phone_id": "phones",
    "grant_id": "grants",
    "notification_id": "notifications",
    "invitation_id": "invitations",
    "household_id": "households",
    "household": "households",
    "request_id": "household_requests",
    "case_id": "cases",
    "petition_id": "petitions",
}
"""The name of a blank, in an address or a form, and the table whose keys fit."""


def known_ids(town: Town) -> dict[str, list[str]]:
    """What fits each blank: with a made-up key a request ends at once."""
    with town.db.reading() as conn:
        return {
            name: [str(one) for one in conn.scalars(select(metadata.tables[table].c.id).limit(3))]
            for name, table in TABLES.items()
        }


class Elsewhere:
    """An OpenID provider that believes nobody."""

    names: Final = {"vi": "Cơ quan", "en": "The office"}
    redirect_key: Final = b"k" * 32
    issuer: Final = "https://id.example"

    def address(self, question: SignInAttempt) -> str:
        return f"{self.issuer}/authorize?state={question.state}"

    def redeem(
        self, question: SignInAttempt, code: str, *, issuer: str, asked_utc_s: float
    ) -> ProviderPerson:
        raise ProviderError("nobody")


class Fuzzer:
    """Sends what was made up, signed in as somebody or not at all; signs in again when it must."""

    def __init__(self, town: Town, login: str | None) -> None:
        self.app = town.app(stopping=lambda: True, provider=Elsewhere())
        self.app.state.limits.now_s = itertools.count(0.0, 3600.0).__next__
        self.login = login
        self.visitor = self._somebody()
        self.ids = known_ids(town)
        self.codes: dict[int, int] = {}

    def _somebody(self) -> Visitor:
        visitor = Visitor(self.app)
        return visitor.sign_in(self.login, PASSWORD) if self.login else visitor

    def send(self, case: Any, ids: Mapping[str, str]) -> None:
        """One request; whatever is known goes in where an id belongs."""
        path = case.formatted_path
        for name, value in (case.path_parameters or {}).items():
            if name in ids:
                path = path.replace(str(value), ids[name], 1)
        headers = {**PAGE, **self.visitor.origin, "X-CSRF-Token": self.visitor.csrf}
        if path.startswith("/upload"):
            headers |= {"Authorization": f"Bearer {TOKEN}", "Tus-Resumable": "1.0.0"}
        made_up = {str(name).lower(): str(value) for name, value in (case.headers or {}).items()}
        request: dict[str, Any] = {
            "headers": made_up | {name.lower(): value for name, value in headers.items()},
            "params": {name: _plain(value) for name, value in (case.query or {}).items()},
        }
        request |= self._body(case, ids)
        try:
            answer = self.visitor.send(case.method, path, **request)
        except (UnicodeError, httpx.InvalidURL):
            return  # no client could send it
        told = f"{case.method} {path} {request}: {answer.status_code}"
        assert answer.status_code < 500, told
        self.codes[answer.status_code] = self.codes.get(answer.status_code, 0) + 1
        if self.login and self.visitor.send("GET", "/api/session").status_code != 200:
            self.visitor = self._somebody()

    def _body(self, case: Any, ids: Mapping[str, str]) -> dict[str, Any]:
        if case.media_type is None or type(case.body).__name__ == "NotSet":
            return {}
        if case.media_type == "application/json":
            text = json.dumps(case.body, default=str)
            return {"content": text.encode("utf-8", "surrogatepass")}
        fields = case.body if isinstance(case.body, dict) else {"x": case.body}
        form = {str(name): _plain(value) for name, value in fields.items()}
        form |= {name: value for name, value in ids.items() if name in form}
        return {"data": {**form, "csrf": self.visitor.csrf}}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [str(one) for one in value]
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, default=str)


@cache
def made_up(description: str) -> Mapping[str, list[Any]]:
    """For each operation of the OpenAPI description (JSON): requests as it allows, and as not.

    Made once for all towns, since making them takes longer than answering them.
    """
    made: dict[str, list[Any]] = {}
    for found in schemathesis.openapi.from_dict(json.loads(description)).get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # our own description is valid
        cases = made.setdefault(operation.label, [])
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            examples = given(operation.as_strategy(generation_mode=mode))
            try:
                QUIETLY(examples(_adding_to(cases)))()
            except Unsatisfiable:  # nothing there can be wrong
                assert mode is GenerationMode.NEGATIVE, operation.label
    return made


def _adding_to(cases: list[Any]) -> Callable[[Any], None]:
    def add(case: Any) -> None:
        cases.append(case)

    return add


SQLITE, POSTGRES = "sqlite_url", "postgres_url"
WHO = [(SQLITE, "quan"), (SQLITE, "an"), (SQLITE, None), (POSTGRES, "quan")]
WHO_ELSE = [(POSTGRES, "an"), (POSTGRES, None)]


@pytest.mark.parametrize(("town", "login"), [*WHO, *(WHO_ELSE if MORE else ())], indirect=["town"])
def test_no_form_and_no_endpoint_answers_with_a_fault(town: Town, login: str | None) -> None:
    fuzzer = Fuzzer(town, login)
    chance = random.Random(login)  # noqa: S311 - the same choice in each run
    requests = made_up(json.dumps(fuzzer.app.openapi()))
    for cases in requests.values():
        for case in cases:
            ids = {name: chance.choice(ids) for name, ids in fuzzer.ids.items() if ids}
            fuzzer.send(case, ids)
    assert len(requests) > 80
    answered = dict(sorted(fuzzer.codes.items()))
    assert login != "quan" or answered[200] + answered[303] > answered.get(404, 0) / 2, answered
