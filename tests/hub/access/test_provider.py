"""Signing in by an OpenID provider: whom it lets in, for what, and which answers are not
believed."""

import hmac
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from itsdangerous import URLSafeTimedSerializer
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select, update
from starlette.responses import PlainTextResponse

from hub.access import people as access_people
from hub.access.oidc import provider as way
from hub.access.oidc.http import ProviderHttp
from hub.access.oidc.pages import Redirect, Redirects
from hub.access.oidc.provider import OidcProvider, ProviderClient
from hub.access.rules.oidc import SignInAttempt
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.tables import grants, identities, people, sessions
from hub.base.audit.log import By
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.console.accounts import closing
from tests.hub.rigs.open_id_office import CLIENT, SECRET, Claims, OpenIdOffice, sent_back
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Sign-in: Sign-in by OpenID is optional.")

SITE = "https://matthan.example"
BACK = f"{SITE}/login/provider/back"
NAMES = {"vi": "Tài khoản cơ quan", "en": "Office account"}


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()


@pytest.fixture
def office(needs_loopback: None) -> Iterator[OpenIdOffice]:
    with OpenIdOffice(BACK).open() as open_office:
        yield open_office


def provider_at(
    office: OpenIdOffice, redirect_key: bytes | None = None, **said: Any
) -> OidcProvider:
    client = ProviderClient(
        **{"issuer": office.issuer, "client_id": CLIENT, "secret": SECRET} | said, redirect_uri=BACK
    )
    return OidcProvider(
        client, names=NAMES, line=ProviderHttp(), now_utc_s=time.time, redirect_key=redirect_key
    )


@pytest.fixture
def app(town: Town, office: OpenIdOffice) -> FastAPI:
    """The site, with a route that wants a second proof."""
    app = town.app(public_url=SITE, provider=provider_at(office))

    @app.post("/grave")
    def do_grave(visit: ProvedForm, what: str = "") -> PlainTextResponse:
        return PlainTextResponse("done")

    return app


def visitor(app: FastAPI) -> Visitor:
    return Visitor(app, base_url=SITE)


@pytest.fixture
def an(app: FastAPI, office: OpenIdOffice) -> Visitor:
    """An, whose account at the office is linked."""
    who = visitor(app).sign_in("an", PASSWORD)
    answer = follow(who, office, who.post("/account/provider"))
    assert answer.headers["location"] == "/account?done=linked", answer.text
    return who


def follow(who: Visitor, office: OpenIdOffice, answer: Any) -> Any:
    """Go where the answer leads, at the provider, and come back."""
    return who.get(sent_back(office, led_to(answer)))


def led_to(answer: Any) -> str:
    if answer.status_code == 303:
        return str(answer.headers["location"])
    assert answer.status_code == 200, answer.text
    (address,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
    return str(address).replace("&amp;", "&")


def come_in(app: FastAPI, office: OpenIdOffice) -> tuple[Visitor, Any]:
    who = visitor(app)
    return who, follow(who, office, who.get("/login/provider?next=/settings"))


def test_another_process_of_the_hub_takes_the_person_back(
    town: Town, office: OpenIdOffice, an: Visitor
) -> None:
    def process(key: bytes) -> FastAPI:
        return town.app(public_url=SITE, provider=provider_at(office, redirect_key=key))

    leaving = process(b"k" * 32)
    for key, is_taken in ((b"x" * 32, False), (b"k" * 32, True)):
        gone = visitor(leaving).get("/login/provider?next=/settings")
        [(name, value)] = gone.cookies.items()
        back = visitor(process(key))
        back.get(sent_back(office, led_to(gone)), Cookie=f"{name}={value}")
        assert is_in(back) == is_taken


def test_a_person_led_away_by_another_version_of_the_hub_starts_again() -> None:
    question = SignInAttempt("state", "nonce", "verifier")
    redirect = Redirect("sign-in", "", "/", question=question, asked_utc_s=0.0)
    seal = URLSafeTimedSerializer(b"k" * 32, salt="matthan.oidc")
    redirects = Redirects(b"k" * 32)
    said = asdict(redirect)
    assert redirects.open(seal.dumps(said)) == redirect
    for other in (said | {"newer": 1}, {"purpose": "sign-in"}, said | {"question": "?"}):
        assert redirects.open(seal.dumps(other)) is None


def is_in(who: Visitor) -> bool:
    return who.get("/settings").status_code == 200


def test_without_a_provider_there_is_no_button_and_no_way(town: Town) -> None:
    who = visitor(town.app(public_url=SITE))
    assert "/login/provider" not in who.get("/login").text
    for path in ("/login/provider", "/login/provider/back?state=a&code=b"):
        assert who.get(path).status_code == 404


def test_who_linked_the_account_signs_in_by_it_and_goes_on(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    assert "Tài khoản cơ quan" in visitor(app).get("/login").text
    who, answer = come_in(app, office)
    assert answer.headers["location"] == "/settings"
    assert "Nguyễn Văn An" in text_of(who.get("/settings"))
    assert "an@office" in text_of(who.get("/account"))
    assert office.faults == []
    assert town.acts().count("identity.link") == 1


def test_nobody_is_let_in_or_made_whom_no_one_linked(
    app: FastAPI, office: OpenIdOffice, town: Town
) -> None:
    office.subject, office.label = "s-2", "an"
    with town.db.reading() as conn:
        before = len(conn.execute(select(people.c.id)).all())
    who, answer = come_in(app, office)
    assert answer.status_code == 401
    assert not is_in(who)
    assert 'action="/login"' in answer.text
    with town.db.reading() as conn:
        assert len(conn.execute(select(people.c.id)).all()) == before
        assert conn.execute(select(identities.c.id)).all() == []
    assert town.acts()[-1] == "session.refused"


def test_who_was_shut_out_stays_out(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    with town.db.writing() as conn:
        person_id = access_people.person_by_login(conn, "an")
        assert person_id is not None
        by, now = By(came_from="shell"), town.clock.now()
        closing.close(conn, person_id, reason="left", by=by, now=now)
    assert come_in(app, office)[1].status_code == 401
    assert not is_in(an)


def test_an_account_of_the_office_is_one_persons(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    binh = visitor(app).sign_in("binh", PASSWORD)
    answer = follow(binh, office, binh.post("/account/provider"))
    assert answer.status_code == 403
    assert "an@office" not in text_of(binh.get("/account"))
    assert town.acts()[-1] == "identity.link.refused"


def test_linking_gives_no_right_and_signing_in_neither(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    def given() -> int:
        with town.db.reading() as conn:
            return len(conn.execute(select(grants.c.id)).all())

    before = given()
    come_in(app, office)
    assert given() == before


def test_an_invited_person_comes_in_by_the_account_and_has_no_password(
    app: FastAPI, office: OpenIdOffice, town: Town
) -> None:
    town.add_keeper_of_all()
    quan = visitor(app).sign_in("quan", PASSWORD)
    made = quan.post(
        "/invitations", login="dung", name="Võ Thị Dung", role="officer", language="vi"
    )
    (token,) = set(re.findall(r"/invited/([\w-]+)", made.text))
    dung = visitor(app)
    assert "Tài khoản cơ quan" in dung.get(f"/invited/{token}").text
    answer = follow(dung, office, dung.post(f"/invited/{token}/provider"))
    assert answer.headers["location"] == "/account?done=welcome"
    assert "Võ Thị Dung" in text_of(dung.get("/settings"))
    assert visitor(app).get(f"/invited/{token}").status_code == 410
    assert come_in(app, office)[1].headers["location"] == "/settings"
    dung.csrf = dung.send("GET", "/api/session").json()["csrf"]
    time_passes(town)
    only_way = re.findall(r"/account/provider/([\w-]+)/unlink", dung.get("/account").text)
    prove(dung, office)
    assert dung.post(f"/account/provider/{only_way[0]}/unlink").status_code == 409


def test_an_invitation_that_is_used_elsewhere_meanwhile_lets_nobody_in(
    app: FastAPI, office: OpenIdOffice, town: Town
) -> None:
    town.add_keeper_of_all()
    quan = visitor(app).sign_in("quan", PASSWORD)
    made = quan.post("/invitations", login="dung", name="Dung", role="officer", language="vi")
    (token,) = set(re.findall(r"/invited/([\w-]+)", made.text))
    slow = visitor(app)
    led = slow.post(f"/invited/{token}/provider")
    visitor(app).post(f"/invited/{token}", new="cây bàng 1986", again="cây bàng 1986")
    assert follow(slow, office, led).status_code == 410
    assert not is_in(slow)


def test_a_new_invitation_unlinks_what_was_linked(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    town.add_keeper_of_all()
    quan = visitor(app).sign_in("quan", PASSWORD)
    made = quan.post("/invitations", login="an", name="", role="officer", language="vi")
    (token,) = set(re.findall(r"/invited/([\w-]+)", made.text))
    visitor(app).post(f"/invited/{token}", new="cây bàng 1986", again="cây bàng 1986")
    assert come_in(app, office)[1].status_code == 401


def test_its_owner_unlinks_it_and_nobody_else(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    (path,) = re.findall(r"/account/provider/[\w-]+/unlink", an.get("/account").text)
    assert visitor(app).sign_in("binh", PASSWORD).post(path).status_code == 404
    assert an.post(path).headers["location"] == "/account?done=unlinked"
    assert come_in(app, office)[1].status_code == 401
    assert "identity.unlink" in town.acts()


def time_passes(town: Town, span_s: float = 601) -> None:
    """Everybody's last proof was given so long ago."""
    past = town.clock.now().plus_s(-span_s)
    with town.db.writing() as conn:
        conn.execute(update(sessions).values(columns("proved", past)))


def prove(who: Visitor, office: OpenIdOffice) -> Any:
    return follow(who, office, who.get("/proof/provider"))


def test_being_asked_anew_there_is_a_second_proof_for_its_owner(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    time_passes(town)
    asked = an.post("/grave", what="grant")
    assert asked.status_code == 403
    assert "/proof/provider" in asked.text
    led = an.get("/proof/provider")
    question = parse_qs(urlsplit(led_to(led)).query)
    assert (question["prompt"], question["max_age"]) == (["login"], ["0"])
    assert follow(an, office, led).headers["location"] == "/proof/done"
    assert an.get("/proof/done").status_code == 200
    assert an.post("/grave", what="grant").text == "done"
    assert "proof.provider" in town.acts()


def test_who_is_only_still_signed_in_there_has_proved_nothing(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    time_passes(town)
    office.change = lambda claims: claims | {"auth_time": claims["iat"] - 3600}
    assert prove(an, office).status_code == 401
    office.change = without("auth_time")
    assert prove(an, office).status_code == 401
    assert an.post("/grave", what="grant").status_code == 403


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def test_another_account_is_no_second_proof(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town
) -> None:
    time_passes(town)
    office.subject = "s-9"
    assert prove(an, office).status_code == 403
    assert an.post("/grave", what="grant").status_code == 403
    assert town.acts()[-1] == "proof.refused"


def test_signing_in_without_being_asked_is_no_second_proof(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    who, _ = come_in(app, office)
    who.csrf = who.send("GET", "/api/session").json()["csrf"]
    assert who.post("/grave", what="grant").status_code == 403
    office.change = lambda claims: claims | {"auth_time": claims["iat"]}
    who, _ = come_in(app, office)
    who.csrf = who.send("GET", "/api/session").json()["csrf"]
    assert who.post("/grave", what="grant").text == "done"


def test_linking_asks_for_a_second_proof_and_this_sites_own_form(
    app: FastAPI, office: OpenIdOffice, town: Town
) -> None:
    chi = visitor(app).sign_in("chi", PASSWORD)
    time_passes(town)
    assert chi.post("/account/provider").status_code == 403
    assert chi.post("/account/provider", proof_password=PASSWORD).status_code == 200
    chi.csrf = "forged"
    assert chi.post("/account/provider").status_code == 403


# What an answer of the provider's must be.


@cache
def other() -> RSAKey:
    """A key that is not the provider's; made when it is wanted, for it takes long."""
    return RSAKey.generate_key(2048, {"kid": "one"})


def by_hand(claims: Claims, header: Claims, secret: bytes = b"") -> str:
    """A token that no library would sign."""
    parts = [urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, claims)]
    body = b".".join(parts)
    signature = hmac.digest(secret, body, "sha256") if secret else b""
    return (body + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


def unsigned(claims: Claims) -> str:
    return by_hand(claims, {"alg": "none"})


LIES: dict[str, Callable[[Claims], Claims]] = {
    "nonce": lambda claims: claims | {"nonce": "of another"},
    "no nonce": without("nonce"),
    "aud": lambda claims: claims | {"aud": "another program"},
    "no aud": without("aud"),
    "aud of several without azp": lambda claims: claims | {"aud": [CLIENT, "another"]},
    "azp": lambda claims: claims | {"azp": "another"},
    "iss": lambda claims: claims | {"iss": "https://evil.example"},
    "iss with a slash": lambda claims: claims | {"iss": claims["iss"] + "/"},
    "exp": lambda claims: claims | {"exp": claims["iat"] - 130},
    "no exp": without("exp"),
    "exp of words": lambda claims: claims | {"exp": "tomorrow"},
    "iat in the future": lambda claims: claims | {"iat": claims["iat"] + 600},
    "iat of old": lambda claims: claims | {"iat": claims["iat"] - 900},
    "nbf": lambda claims: claims | {"nbf": claims["iat"] + 600},
    "no sub": without("sub"),
    "empty sub": lambda claims: claims | {"sub": ""},
    "sub of numbers": lambda claims: claims | {"sub": 1},
    "at_hash": lambda claims: claims | {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "endless exp": lambda claims: claims | {"exp": float("inf")},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_says_something_else_lets_nobody_in(
    app: FastAPI, an: Visitor, office: OpenIdOffice, town: Town, lie: str
) -> None:
    office.change = LIES[lie]
    who, answer = come_in(app, office)
    assert answer.status_code == 401, answer.text
    assert not is_in(who)
    assert town.acts()[-1] == "session.refused"


def by_secret(claims: Claims) -> str:
    """By the client's own secret, which others may have."""
    return by_hand(claims, {"alg": "HS256"}, SECRET.encode())


SIGNATURES: dict[str, Callable[[OpenIdOffice], Callable[[Claims], str]]] = {
    "another key of the same name": lambda _office: (
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, other())
    ),
    "nothing at all": lambda _office: unsigned,
    "the client's secret": lambda _office: by_secret,
    "the public key as a secret": lambda office: (
        lambda claims: by_hand(
            claims, {"alg": "HS256", "kid": "one"}, office.key.as_pem(private=False)
        )
    ),
    "a key nobody told": lambda _office: (
        lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, other())
    ),
    "its own key in the header": lambda _office: (
        lambda claims: jwt.encode(
            {"alg": "RS256", "kid": "one", "jwk": other().as_dict(private=False)}, claims, other()
        )
    ),
    "half a token": lambda office: lambda claims: office.signed(claims).rpartition(".")[0],
    "no token": lambda _office: lambda _claims: "",
    "a very long one": lambda office: lambda claims: office.signed(claims | {"x": "x" * 40_000}),
}


@pytest.mark.parametrize("by", SIGNATURES)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    app: FastAPI, an: Visitor, office: OpenIdOffice, by: str
) -> None:
    office.sign = SIGNATURES[by](office)
    who, answer = come_in(app, office)
    assert answer.status_code == 401, answer.text
    assert not is_in(who)


def test_an_answer_counts_once_in_its_own_browser_and_for_its_own_state(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    who = visitor(app)
    back = sent_back(office, led_to(who.get("/login/provider")))
    other = visitor(app)
    assert other.get(back).status_code == 400
    assert not is_in(other)
    other.get("/login/provider")
    assert other.get(back).status_code == 400
    assert not is_in(other)
    cookies = dict(who._client.cookies)
    assert who.get(back).status_code == 303
    who._client.cookies.update(cookies)
    who._client.cookies.delete("__Host-matthan")
    assert who.get(back).status_code == 400
    office.codes[parse_qs(urlsplit(back).query)["code"][0]] = {}
    assert not is_in(who)


def test_a_way_that_was_begun_to_prove_does_not_link_or_sign_in(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    """Another session in the same browser meanwhile: the answer is not for it."""
    led = an.get("/proof/provider")
    an.post("/logout")
    an.sign_in("binh", PASSWORD)
    assert follow(an, office, led).status_code == 400
    assert "an@office" not in text_of(an.get("/account"))


def test_an_answer_of_another_issuer_is_refused(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    for said in ("&iss=https://evil.example", ""):
        who = visitor(app)
        back = sent_back(office, led_to(who.get("/login/provider")))
        plain = re.sub(r"&iss=[^&]*", "", back)
        assert who.get(plain + said).status_code == 401
        assert not is_in(who)


def test_a_refusal_there_is_said_and_leads_back_to_the_password(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    who = visitor(app)
    back = sent_back(office, led_to(who.get("/login/provider")))
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = who.get(f"/login/provider/back?error=access_denied&state={state}")
    assert answer.status_code == 401
    assert who.sign_in("an", PASSWORD)


def test_next_leads_nowhere_but_on_this_site(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "/" + "x" * 3000):
        who = visitor(app)
        answer = follow(who, office, who.get("/login/provider?next=" + bad))
        assert answer.headers["location"] == "/"


def test_a_wrong_secret_of_the_hubs_is_said_in_the_log_and_locks_nobody_out(
    town: Town, office: OpenIdOffice
) -> None:
    app = town.app(public_url=SITE, provider=provider_at(office, secret="another"))
    _, answer = come_in(app, office)
    assert answer.status_code == 503
    assert visitor(app).sign_in("an", PASSWORD)


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("/.well-known/openid-configuration", (500, b"{}")),
        ("/.well-known/openid-configuration", (200, b"{" + b" " * 300_000 + b"}")),
        ("/.well-known/openid-configuration", (200, b"<html>")),
        ("/.well-known/openid-configuration", (200, b"[]")),
        ("/.well-known/openid-configuration", (302, b"{}")),
        ("/.well-known/openid-configuration", (200, b'{"issuer": "https://evil.example"}')),
        ("/.well-known/openid-configuration", (200, b"[" * 100_000)),
        ("/keys", (200, b'{"keys": []}')),
        ("/keys", (200, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}')),
        ("/keys", (200, b'{"keys": [{"kty": "RSA", "n": 1, "e": []}, 7, null]}')),
        ("/keys", (404, b"")),
        ("/token", (500, b"{}")),
        ("/token", (200, b"\xff\xfe")),
    ],
)
def test_a_provider_that_answers_nonsense_is_away_and_locks_nobody_out(
    app: FastAPI, office: OpenIdOffice, path: str, instead: tuple[int, bytes]
) -> None:
    office.instead[path] = instead
    who = visitor(app)
    led = who.get("/login/provider")
    answer = follow(who, office, led) if led.status_code == 303 else led
    assert answer.status_code == 503
    assert 'action="/login"' in answer.text
    assert who.sign_in("an", PASSWORD)


def test_a_code_refused_without_json_turns_away_who_brought_it_and_nobody_else(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    office.instead["/token"] = (403, b"<html>odd request</html>")
    assert come_in(app, office)[1].status_code == 401
    del office.instead["/token"]
    assert come_in(app, office)[1].status_code == 303


def test_an_access_token_of_half_characters_is_not_believed(
    app: FastAPI, an: Visitor, office: OpenIdOffice
) -> None:
    redeem = office.redeem

    def cut(form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        status, said = redeem(form, authorization)
        return status, said | {"access_token": "\ud800"}

    office.redeem = cut  # type: ignore[method-assign]
    assert come_in(app, office)[1].status_code == 401


def test_a_provider_whose_endpoints_are_not_safe_is_not_used(
    app: FastAPI, office: OpenIdOffice
) -> None:
    office.more_metadata = {"authorization_endpoint": "http://elsewhere.example/authorize"}
    assert visitor(app).get("/login/provider").status_code == 503


def test_a_provider_that_is_down_is_not_waited_for_again_and_again(
    town: Town, office: OpenIdOffice
) -> None:
    provider = provider_at(office)
    app = town.app(public_url=SITE, provider=provider)
    office.instead["/.well-known/openid-configuration"] = (500, b"{}")
    for _ in range(5):
        assert visitor(app).get("/login/provider").status_code == 503
    assert office.asked.count("/.well-known/openid-configuration") == 1


def test_keys_are_read_once_and_anew_when_they_have_rolled(
    app: FastAPI, an: Visitor, office: OpenIdOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert come_in(app, office)[1].status_code == 303
    assert office.asked.count("/keys") == 1
    assert office.asked.count("/.well-known/openid-configuration") == 1
    office.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    office.told_keys = [office.key]
    assert come_in(app, office)[1].status_code == 401  # they were read a moment ago
    monkeypatch.setattr(way, "ROLL_S", 0.0)
    assert come_in(app, office)[1].status_code == 303
    assert office.asked.count("/keys") == 2


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    app: FastAPI, an: Visitor, town: Town, office: OpenIdOffice
) -> None:
    office.more_metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    other = town.app(public_url=SITE, provider=provider_at(office))
    assert come_in(other, office)[1].headers["location"] == "/settings"
    assert office.faults == []


def test_on_both_databases_an_account_is_linked_signs_in_and_is_unlinked(
    database_url: str, tmp_path: Path, office: OpenIdOffice
) -> None:
    db = Database(database_url)
    town = Town(db, tmp_path)
    app = town.app(public_url=SITE, provider=provider_at(office))
    who = visitor(app).sign_in("an", PASSWORD)
    assert follow(who, office, who.post("/account/provider")).status_code == 303
    assert follow(who, office, who.post("/account/provider")).status_code == 303  # theirs already
    assert come_in(app, office)[1].status_code == 303
    assert prove(who, office).status_code == 303
    (path,) = re.findall(r"/account/provider/[\w-]+/unlink", who.get("/account").text)
    assert who.post(path).status_code == 303
    assert come_in(app, office)[1].status_code == 401
    assert [one for one in town.acts() if "identity" in one or one == "proof.provider"] == [
        "identity.link",
        "proof.provider",
        "identity.unlink",
    ]
    db.close()


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "%FF", "x" * 9000, "%0D%0ASet-Cookie:%20a=b"])
def test_whatever_comes_back_is_answered_without_a_fault(
    app: FastAPI, an: Visitor, office: OpenIdOffice, odd: str
) -> None:
    for name in ("state", "code", "iss", "error"):
        who = visitor(app)
        back = sent_back(office, led_to(who.get(f"/login/provider?next=/{odd[:90]}")))
        answer = who.get(re.sub(rf"\b{name}=[^&]*|$", f"&{name}={odd}", back, count=1))
        assert answer.status_code in (400, 401), (name, answer.status_code)
        assert not is_in(who)
