"""Only our own pages change anything, and every answer carries the strict headers."""

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from hub.access.signin.accounts import TooManyTries
from hub.access.signin.visit import own_path
from hub.alerting.alerts.tables import alerts
from hub.console.service import InboxService
from hub.web.rendering import STATIC_FOLDER
from hub.web.styles.stylesheet import style_files
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def app(town: Town) -> FastAPI:
    return town.app()


@pytest.fixture
def an(app: FastAPI) -> Visitor:
    return Visitor(app).sign_in("an", PASSWORD)


def state(town: Town) -> str:
    with town.db.reading() as conn:
        return conn.scalars(select(alerts.c.state)).one()


PATHS = (
    "/",
    "/login",
    "/settings",
    "/nothing",
    "/health",
    "/sw.js",
    "/app.webmanifest",
    "/offline",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_strict_headers(an: Visitor, path: str) -> None:
    headers = an.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


def test_https_site_binds_its_cookie_to_the_host_and_turns_hsts_on(town: Town) -> None:
    app = town.app(public_url="https://matthan.example")
    client = Visitor(app, base_url="https://matthan.example")
    answer = client.post("/login", login="an", password=PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-matthan=")
    for flag in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert flag in cookie
    assert "max-age=" in answer.headers["strict-transport-security"]


def test_cookie_of_plain_http_is_still_hidden_from_scripts(app: FastAPI) -> None:
    cookie = Visitor(app).post("/login", login="an", password=PASSWORD).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Secure" not in cookie


@pytest.mark.promise("Sign-in: A form of another site is refused.")
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://testserver.evil.example",
        "testserver",
        "http://[",
    ],
)
def test_form_of_a_foreign_page_is_refused(town: Town, an: Visitor, origin: str) -> None:
    alert_id = town.somebody().alert_id
    headers = {"Origin": origin} if origin else {}
    answer = an.send("POST", f"/alerts/{alert_id}/take", data={"csrf": an.csrf}, headers=headers)
    assert answer.status_code == 403
    assert state(town) == "open"


@pytest.mark.promise("Sign-in: A form of another site is refused.")
@pytest.mark.parametrize("token", ["", "wrong", "đèn"])
def test_form_without_the_sessions_own_token_is_refused(
    town: Town, an: Visitor, token: str
) -> None:
    alert_id = town.somebody().alert_id
    an.csrf = token
    assert an.post(f"/alerts/{alert_id}/take").status_code == 403
    assert an.post("/logout").status_code == 403
    assert an.post("/settings/theme", theme="dark").status_code == 403
    assert state(town) == "open"


@pytest.mark.parametrize("token", ["", "wrong"])
def test_script_without_the_sessions_own_token_is_refused(an: Visitor, token: str) -> None:
    an.csrf = token
    notification = "01938c50-0000-7000-8000-000000000000"
    for path in (
        "/api/phones",
        "/api/phones/remove",
        f"/api/notifications/{notification}/shown",
        f"/api/notifications/{notification}/opened",
    ):
        assert an.call(path, {}).status_code in (403, 422), path


@pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused.")
def test_token_of_another_session_is_refused(town: Town, app: FastAPI, an: Visitor) -> None:
    alert_id = town.somebody().alert_id
    binh = Visitor(app).sign_in("binh", PASSWORD)
    an.csrf = binh.csrf
    assert an.post(f"/alerts/{alert_id}/take").status_code == 403


def test_large_form_is_refused_before_it_is_read(an: Visitor) -> None:
    answer = an.post("/login", login="a" * 70_000)
    assert answer.status_code == 413
    assert "Ở đây chỉ gửi được tối đa 65 kB." in text_of(answer)


def test_a_script_that_sends_too_much_is_told_in_json(an: Visitor) -> None:
    answer = an.call("/api/phones", {"label": "a" * 70_000})
    assert (answer.status_code, answer.json()) == (413, {"reason": "too_large"})


def test_signed_out_reader_is_led_to_the_sign_in_and_back(town: Town, app: FastAPI) -> None:
    alert_id = town.somebody().alert_id
    stranger = Visitor(app)
    answer = stranger.get(f"/alerts/{alert_id}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next=/alerts/{alert_id}"
    back = stranger.post("/login", login="an", password=PASSWORD, next=f"/alerts/{alert_id}")
    assert back.headers["location"] == f"/alerts/{alert_id}"


@pytest.mark.parametrize("path", ["/api/session", "/events", "/media/" + "0" * 32])
def test_signed_out_script_hears_401(app: FastAPI, path: str) -> None:
    assert Visitor(app).send("GET", path).status_code == 401


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/\r\nSet-Cookie: a=b",
        "alerts",
        "http://[",
    ],
)
def test_after_the_sign_in_nobody_is_led_off_the_site(foreign: str) -> None:
    assert own_path(foreign) == "/"


def test_wrong_name_and_wrong_password_read_the_same(app: FastAPI) -> None:
    stranger = Visitor(app)
    answers = [stranger.post("/login", login=login, password="wrong") for login in ("an", "nobody")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({text_of(answer) for answer in answers}) == 1


def test_too_many_tries_are_told_how_long_to_wait(
    town: Town, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town.accounts, "sign_in", lambda *_, **__: TooManyTries(90))
    answer = Visitor(app).post("/login", login="an", password=PASSWORD)
    assert answer.status_code == 429
    assert "Hãy chờ 2 phút" in text_of(answer)


def test_signing_out_ends_the_session_and_empties_the_browser(an: Visitor) -> None:
    answer = an.post("/logout")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert an.get("/").status_code == 303


def test_signing_in_empties_the_browsers_cache_of_who_was_there_before(app: FastAPI) -> None:
    answer = Visitor(app).post("/login", login="an", password=PASSWORD)
    assert answer.headers["clear-site-data"] == '"cache"'


def test_pages_are_kept_by_no_cache_and_versioned_files_for_good(app: FastAPI, an: Visitor) -> None:
    assert an.get("/").headers["cache-control"] == "no-store"
    version = app.state.site.version
    assert "immutable" in an.get(f"/static/{version}/app.css").headers["cache-control"]
    assert an.get("/static/older/app.css").headers["cache-control"] == "no-cache"


@pytest.mark.promise("Rights: Footage addresses stay closed to others and after revocation.")
@pytest.mark.parametrize(
    "path",
    [
        "/static/v/../../app.py",
        "/static/v/..%2f..%2fapp.py",
        "/static/v/%2e%2e/%2e%2e/app.py",
        "/static/v//etc/passwd",
        "/media/..%2f..%2fetc%2fpasswd",
        "/alerts/../settings/x",
    ],
)
def test_path_tricks_find_nothing(an: Visitor, path: str) -> None:
    assert an.get(path).status_code == 404


def test_address_that_cannot_be_is_one_that_is_not(an: Visitor) -> None:
    answer = an.get("/alerts/nonsense")
    assert answer.status_code == 404
    assert "Không tìm thấy" in text_of(answer)


def test_fault_of_ours_is_a_plain_page_that_tells_nothing(
    town: Town, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    an = Visitor(app, may_fail=True).sign_in("an", PASSWORD)

    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(town.services.use(InboxService), "page", fail)
    answer = an.get("/")
    assert answer.status_code == 500
    assert "Trung tâm đang gặp lỗi" in text_of(answer)
    assert "secret" not in answer.text


def test_no_file_of_ours_names_an_outside_address() -> None:
    ours = [
        path
        for folder in (STATIC_FOLDER, STATIC_FOLDER.parent / "templates")
        for path in folder.rglob("*")
        if path.suffix in (".css", ".js", ".html", ".svg") and "vendor" not in path.parts
    ]
    assert len(ours) > 20
    for path in (*ours, *style_files()):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, path
        assert "https://" not in text, path


def test_no_page_carries_script_or_style_of_its_own(town: Town, an: Visitor) -> None:
    alert_id = town.somebody().alert_id
    for path in ("/", f"/alerts/{alert_id}", "/settings", "/offline", "/nothing"):
        html = an.get(path).text
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick=" not in html
        assert html.count("<script") == html.count("<script src=") + html.count(
            '<script type="module" src='
        ) + html.count('<script type="application/json"')
