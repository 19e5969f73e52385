"""Rate limits: by address and session, in bounded memory, counted."""

import re

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from hub.app.features import FEATURES
from hub.search.feature import SEARCHING
from hub.web.guard import MAX_FORM_BYTES, most_bytes
from hub.web.rate_limits import (
    ALL_PASSWORDS,
    BAD_TOKENS,
    CHANGES,
    CODES,
    GUESSES,
    PASSWORDS,
    PROOFS,
    Limits,
    RateRule,
)
from tests.hub.rigs.features import rule_of
from tests.hub.rigs.web_town import PASSWORD, TOKEN, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of

pytestmark = [
    pytest.mark.promise("Sign-in: Sign-in attempts and requests have rate limits."),
    pytest.mark.promise("Security: Pages, uploads, enrolment and messages have rate limits."),
]

RULE = RateRule("knocks", 5, 10.0, "address")
SUM = RateRule("all knocks", 5, 10.0, "everyone")
BODIES = [body for feature in FEATURES for body in feature.bodies]


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def app(town: Town) -> FastAPI:
    """Its bounds run on a clock that stands still."""
    app = town.app()
    app.state.limits.now_s = Hand()
    return app


def visitor(app: FastAPI, address: str) -> Visitor:
    """Somebody at a network address."""
    who = Visitor(app)
    transport = httpx.ASGITransport(app, client=(address, 1234))
    who._client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
    return who


def test_so_many_at_once_and_then_one_each_share_of_the_span() -> None:
    now = Hand()
    limits = Limits(now)
    assert [limits.wait_s(RULE, "a") for _ in range(5)] == [0.0] * 5
    assert limits.wait_s(RULE, "a") == pytest.approx(2.0)
    assert limits.wait_s(RULE, "b") == 0.0
    now.s += 1.9
    assert limits.wait_s(RULE, "a") == pytest.approx(0.1)
    now.s += 0.1
    assert limits.wait_s(RULE, "a") == 0.0
    assert limits.wait_s(RULE, "a") > 0
    assert limits.counts["knocks"] == 3


@given(st.lists(st.floats(0, 4), max_size=80))
def test_however_they_come_no_span_holds_twice_the_number_and_who_waits_is_let_in(
    pauses_s: list[float],
) -> None:
    now = Hand()
    limits, let_in = Limits(now), []
    for pause_s in pauses_s:
        now.s += pause_s
        wait_s = limits.wait_s(RULE, "a")
        assert 0 <= wait_s <= RULE.span_s / RULE.most + 1e-6
        if wait_s == 0:
            let_in.append(now.s)
    for began_s in let_in:
        inside = [one for one in let_in if began_s <= one < began_s + RULE.span_s]
        assert len(inside) <= 2 * RULE.most
    now.s += limits.wait_s(RULE, "a") + 1e-6
    assert limits.wait_s(RULE, "b") == 0.0


def test_memory_is_bounded_and_whom_it_forgot_is_counted() -> None:
    limits = Limits(Hand(), most_knockers=100)
    for number in range(1000):
        limits.wait_s(RULE, f"10.0.{number // 256}.{number % 256}")
    assert len(limits) == 100
    assert limits.counts["forgotten knocks"] == 900


def test_a_flood_under_one_rule_forgets_nobody_under_another_and_no_sum() -> None:
    limits = Limits(Hand(), most_knockers=100)
    for _ in range(RULE.most):
        limits.wait_s(RULE, "a")
        limits.wait_s(SUM, "")
    for number in range(1000):
        limits.wait_s(BAD_TOKENS, str(number))
    assert limits.wait_s(RULE, "a") > 0
    assert limits.wait_s(SUM, "") > 0
    assert len(limits) == 102


def test_cookies_that_the_hub_did_not_sign_count_as_their_address(app: FastAPI) -> None:
    stranger, officer = visitor(app, "203.0.113.9"), visitor(app, "203.0.113.9")
    officer.sign_in("an", PASSWORD)
    before = len(app.state.limits)
    for number in range(CHANGES.most):
        cookie = {"Cookie": f"matthan=made-up-{number}.x", **stranger.origin}
        assert stranger.send("POST", "/settings/theme", headers=cookie).status_code != 429
    cookie = {"Cookie": "matthan=another", **stranger.origin}
    assert stranger.send("POST", "/settings/theme", headers=cookie).status_code == 429
    assert len(app.state.limits) == before + 1
    assert officer.post("/settings/theme", theme="dark").status_code != 429


def test_every_route_that_changes_something_has_a_bound(app: FastAPI) -> None:
    free = set()
    paths = app.openapi()["paths"]
    assert len(paths) > 50
    for path, methods in paths.items():
        for method in {one.upper() for one in methods} - {"GET", "HEAD", "OPTIONS"}:
            filled = re.sub(r"\{\w+\}", "x", path)
            if rule_of(method, filled) is None:
                free.add(f"{method} {filled}")
    assert {one for one in free if "/upload" not in one} == {
        "POST /api/notifications/x/shown",
        "POST /api/notifications/x/opened",
    }


@pytest.mark.parametrize(
    ("method", "path", "rule"),
    [
        ("POST", "/login", PASSWORDS),
        ("POST", "/proof", PROOFS),
        ("POST", "/proof/passkey", PROOFS),
        ("POST", "/passkeys/sign-in", GUESSES),
        ("POST", "/account/password", PROOFS),
        ("GET", "/invited/abc", GUESSES),
        ("POST", "/invited/abc/passkey/options", GUESSES),
        ("POST", "/invited/a\nb", GUESSES),
        ("POST", "/login\n", PASSWORDS),
        ("POST", "/tips/follow", CODES),
        ("POST", "/rights/follow", CODES),
        ("POST", "/give/abc", CODES),
        ("GET", "/footage", SEARCHING),
        ("POST", "/footage/ask", SEARCHING),
        ("POST", "/whatever/comes/later", CHANGES),
        ("GET", "/", None),
        ("GET", "/events", None),
    ],
)
def test_what_is_guessable_or_costly_is_bounded(
    method: str, path: str, rule: RateRule | None
) -> None:
    assert rule_of(method, path) == rule


def test_who_guesses_too_often_waits_and_hears_how_long(app: FastAPI) -> None:
    stranger, officer = visitor(app, "203.0.113.9"), visitor(app, "10.0.0.2")
    codes = [stranger.post("/login", login=f"x{n}", password="y").status_code for n in range(60)]
    assert codes == [401] * 60
    answer = stranger.post("/login", login="an", password=PASSWORD)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "Chờ một chút" in text_of(answer)
    assert stranger.get("/invited/guess").status_code == 410
    for _ in range(GUESSES.most):
        answer = stranger.get("/invited/guess")
    assert answer.status_code == 429
    assert stranger.call("/passkeys/options", {}).json() == {"reason": "too_many"}
    officer.sign_in("an", PASSWORD)
    assert app.state.limits.counts == {"passwords": 1, "guesses": 2}


def test_strangers_in_many_networks_are_bounded_in_all_and_a_known_browser_is_not(
    app: FastAPI,
) -> None:
    officer = visitor(app, "10.0.0.2").sign_in("an", PASSWORD)
    officer.post("/logout")
    for _ in range(ALL_PASSWORDS.most):
        app.state.limits.wait_s(ALL_PASSWORDS, "")
    assert visitor(app, "203.0.113.9").post("/login", login="an", password="y").status_code == 429
    assert visitor(app, "203.0.113.9").get("/invited/guess").status_code == 410
    officer.sign_in("an", PASSWORD)


def test_a_line_break_after_an_address_passes_no_limit(app: FastAPI) -> None:
    stranger = visitor(app, "203.0.113.9")
    codes = [stranger.post("/login%0A", login=f"x{n}", password="y").status_code for n in range(61)]
    assert codes == [401] * 60 + [429]
    assert most_bytes("/tips\n", BODIES) == most_bytes("/tips", BODIES) > MAX_FORM_BYTES


@pytest.mark.parametrize(
    ("addresses", "other"),
    [
        ([f"2001:db8:1:2{n:02x}::1" for n in range(61)], "2001:db8:1:300::1"),
        (["203.0.113.9", "::ffff:203.0.113.10"] * 31, "::ffff:203.0.114.9"),
    ],
)
def test_one_network_has_one_limit_for_guesses_whichever_of_its_addresses_it_uses(
    app: FastAPI, addresses: list[str], other: str
) -> None:
    def guess(address: str, number: int = 0) -> int:
        form = {"login": f"x{number}", "password": "y"}
        return visitor(app, address).post("/login", **form).status_code

    codes = [guess(one, number) for number, one in enumerate(addresses)]
    assert codes == [401] * 60 + [429] * (len(addresses) - 60)
    assert guess(other) == 401


def test_a_session_that_searches_without_end_waits_and_its_neighbour_does_not(app: FastAPI) -> None:
    an, binh = (visitor(app, "10.0.0.2").sign_in(one, PASSWORD) for one in ("an", "binh"))
    codes = [an.get("/footage").status_code for _ in range(61)]
    assert (set(codes[:60]), codes[60]) == ({404}, 429)
    assert binh.get("/footage").status_code == 404
    assert an.get("/").status_code == 200


def test_bad_upload_tokens_are_bounded_and_a_good_one_beside_them_is_not(app: FastAPI) -> None:
    where = visitor(app, "10.0.0.3")
    tus = {"Tus-Resumable": "1.0.0"}

    def ask(token: str) -> int:
        headers = {**tus, "Authorization": f"Bearer {token}"}
        return where.send("HEAD", f"/upload/{'0' * 64}", headers=headers).status_code

    codes = [ask(f"guess-{n}") for n in range(BAD_TOKENS.most + 1)]
    assert (set(codes[:-1]), codes[-1]) == ({401}, 429)
    assert ask(TOKEN) == 404


def test_a_refusal_wears_the_strict_headers_too(app: FastAPI) -> None:
    where = visitor(app, "10.0.0.4")
    for _ in range(61):
        answer = where.send("GET", "/invited/x", headers=PAGE)
    assert (answer.status_code, answer.headers["x-frame-options"]) == (429, "DENY")
