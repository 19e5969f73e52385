"""Passkeys: they open a session; each answer works once, on this site, for its owner."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from hub.access import people
from hub.access.signin.challenges import HOLDS_S, Challenges
from hub.access.signin.passkeys import MOST
from hub.access.tables import passkeys, sessions, spent_challenges
from hub.base.audit.log import By
from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.console.accounts import closing
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.web.origin import Party, party_of
from tests.hub.rigs.soft_passkey import PRESENT, SoftPasskey, to_text
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Sign-in: Sign-in by passkey works.")

SITE = "https://matthan.example"
HOST = "matthan.example"


@pytest.fixture
def app(town: Town) -> FastAPI:
    return town.app(public_url=SITE)


def visitor(app: FastAPI) -> Visitor:
    return Visitor(app, base_url=SITE)


@pytest.fixture
def an(app: FastAPI) -> Visitor:
    return visitor(app).sign_in("an", PASSWORD)


@pytest.fixture
def passkey() -> SoftPasskey:
    return SoftPasskey(SITE, HOST)


def add(who: Visitor, passkey: SoftPasskey) -> int:
    options = who.call("/account/passkeys/options", {}).json()
    return who.call("/account/passkeys", {"credential": passkey.make(options)}).status_code


def come_in(app: FastAPI, passkey: SoftPasskey) -> tuple[Visitor, int]:
    who = visitor(app)
    options = who.call("/passkeys/options", {}).json()
    answer = who.call("/passkeys/sign-in", {"credential": passkey.sign(options), "next": "/x"})
    return who, answer.status_code


def test_a_passkey_is_made_and_opens_a_session_without_a_name_or_password(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    assert add(an, passkey) == 201
    other, status_code = come_in(app, passkey)
    assert status_code == 200
    assert "Nguyễn Văn An" in text_of(other.get("/settings"))
    assert come_in(app, passkey)[1] == 200
    visitor(app).sign_in("an", PASSWORD)  # the password works beside it
    assert "passkey.add" in town.acts()


def test_several_are_kept_for_a_person_and_each_is_taken_away_alone(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    second = SoftPasskey(SITE, HOST)
    assert [add(an, passkey), add(an, second)] == [201, 201]
    with town.db.reading() as conn:
        first_id = conn.scalar(select(passkeys.c.id).order_by(passkeys.c.id))
    assert an.post(f"/account/passkeys/{first_id}/remove").status_code == 303
    assert an.post(f"/account/passkeys/{first_id}/remove").status_code == 404
    assert come_in(app, passkey)[1] == 401
    assert come_in(app, second)[1] == 200


def test_nobody_takes_anothers_away(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    add(an, passkey)
    binh = visitor(app).sign_in("binh", PASSWORD)
    with town.db.reading() as conn:
        passkey_id = conn.scalar(select(passkeys.c.id))
    assert binh.post(f"/account/passkeys/{passkey_id}/remove").status_code == 404
    assert come_in(app, passkey)[1] == 200


def test_a_person_has_a_bounded_number_of_them(an: Visitor) -> None:
    answers = [add(an, SoftPasskey(SITE, HOST)) for _ in range(MOST + 1)]
    assert answers == [201] * MOST + [422]


@pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused.")
def test_an_answer_counts_once(an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town) -> None:
    add(an, passkey)
    options = an.call("/passkeys/options", {}).json()
    answer = {"credential": passkey.sign(options)}
    assert visitor(app).call("/passkeys/sign-in", answer).status_code == 200
    with town.db.writing() as conn:  # even if the authenticator counts nothing
        conn.execute(update(passkeys).values(sign_count=0))
    assert visitor(app).call("/passkeys/sign-in", answer).status_code == 401
    assert town.acts()[-1] == "session.refused"


def test_another_process_of_the_hub_takes_the_answer(town: Town, passkey: SoftPasskey) -> None:
    def process(key: bytes) -> FastAPI:
        town.resources.tokens = UploadTokens(key, upload_url=SITE)
        town.make_services()
        return town.app(public_url=SITE)

    one, other, strange = process(b"k" * 32), process(b"k" * 32), process(b"x" * 32)
    add(visitor(one).sign_in("an", PASSWORD), passkey)
    options = visitor(one).call("/passkeys/options", {}).json()
    answer = {"credential": passkey.sign(options)}
    assert visitor(strange).call("/passkeys/sign-in", answer).status_code == 401
    assert visitor(other).call("/passkeys/sign-in", answer).status_code == 200


@pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused.")
def test_an_answer_is_good_for_five_minutes_and_for_what_it_was_asked() -> None:
    challenges, now = Challenges(), Moment(1_795_000_000_000_000, 5)
    made = challenges.make("sign-in", now)
    assert challenges.holds(made, "sign-in", now.plus_s(HOLDS_S - 1))
    assert not challenges.holds(made, "sign-in", now.plus_s(HOLDS_S))
    assert not challenges.holds(made, "prove x", now)
    assert not Challenges().holds(made, "sign-in", now)
    for odd in (b"", made[:-1], made + b"\0", bytes(56)):
        assert not challenges.holds(odd, "sign-in", now)


def test_what_was_answered_is_forgotten_when_it_would_have_ended(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    add(an, passkey)
    past = town.clock.now().plus_s(-1)
    with town.db.writing() as conn:
        conn.execute(update(spent_challenges).values(columns("ends", past)))
    come_in(app, passkey)
    with town.db.reading() as conn:
        assert len(list(conn.execute(select(spent_challenges)))) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"origin": "https://matthan.example.evil.test"},
        {"origin": "http://matthan.example"},
        {"rp_id": "evil.test"},
        {"flags": PRESENT},  # nobody proved to the device that they are its owner
        {"flags": 0},
    ],
)
def test_an_answer_from_elsewhere_or_from_nobody_is_refused(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, odd: dict[str, Any]
) -> None:
    assert add(an, replace(passkey, **odd)) == 422
    assert add(an, passkey) == 201
    assert come_in(app, replace(passkey, **odd))[1] == 401


def test_a_copy_of_an_authenticator_is_found_by_its_count(
    an: Visitor, app: FastAPI, passkey: SoftPasskey
) -> None:
    add(an, passkey)
    copy = replace(passkey)
    assert [come_in(app, passkey)[1], come_in(app, passkey)[1]] == [200, 200]
    assert come_in(app, copy)[1] == 401


def test_a_foreign_key_under_a_known_name_opens_nothing(
    an: Visitor, app: FastAPI, passkey: SoftPasskey
) -> None:
    add(an, passkey)
    forged = SoftPasskey(SITE, HOST, credential_id=passkey.credential_id)
    assert come_in(app, forged)[1] == 401
    assert come_in(app, SoftPasskey(SITE, HOST))[1] == 401


def test_a_challenge_of_another_purpose_or_person_makes_no_passkey(
    an: Visitor, app: FastAPI, passkey: SoftPasskey
) -> None:
    binh = visitor(app).sign_in("binh", PASSWORD)
    for options in (
        binh.call("/account/passkeys/options", {}).json(),
        an.call("/passkeys/options", {}).json(),
        {"challenge": to_text(b"made up")},
    ):
        made = passkey.make(options)
        assert an.call("/account/passkeys", {"credential": made}).status_code == 422


ODD: tuple[Any, ...] = (
    {},
    {"rawId": 7, "response": []},
    {"id": "é", "rawId": "é", "type": "public-key", "response": {"clientDataJSON": "e30"}},
    {"id": "x", "rawId": "eA", "type": "x", "response": {"clientDataJSON": "bnVsbA"}},
    {"response": {"clientDataJSON": "/" * 500, "attestationObject": "oA"}},
)


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_passkey_at_all_is_refused(an: Visitor, app: FastAPI, odd: Any) -> None:
    body = {"credential": odd}
    assert visitor(app).call("/passkeys/sign-in", body).status_code == 401
    assert an.call("/account/passkeys", body).status_code == 422
    assert an.call("/proof/passkey", body).status_code == 403


def test_a_real_challenge_around_broken_parts_is_refused(
    an: Visitor, app: FastAPI, passkey: SoftPasskey
) -> None:
    add(an, passkey)
    for part, odd in (
        ("authenticatorData", "AAAA"),
        ("authenticatorData", ""),
        ("signature", "AAAA"),
        ("signature", None),
    ):
        who = visitor(app)
        signed = passkey.sign(who.call("/passkeys/options", {}).json())
        signed["response"][part] = odd
        assert who.call("/passkeys/sign-in", {"credential": signed}).status_code == 401
    for odd in ("AAAA", to_text(b"\xa1\x63fmt\x64none"), to_text(b"\xff" * 200)):
        made = SoftPasskey(SITE, HOST).make(an.call("/account/passkeys/options", {}).json())
        made["response"]["attestationObject"] = odd
        assert an.call("/account/passkeys", {"credential": made}).status_code == 422


@pytest.mark.promise("Sign-in: Export and grants need a second proof.")
def test_it_is_a_second_proof_for_its_owner_alone(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    add(an, passkey)
    foreign = SoftPasskey(SITE, HOST)
    add(visitor(app).sign_in("binh", PASSWORD), foreign)
    past = town.clock.now().plus_s(-601)
    with town.db.writing() as conn:
        conn.execute(update(sessions).values(columns("proved", past)))
    assert an.call("/account/passkeys/options", {}).json() == {"reason": "proof_wanted"}
    options = an.call("/proof/passkey/options", {}).json()
    assert [one["id"] for one in options["allowCredentials"]] == [to_text(passkey.credential_id)]
    wrong = an.call("/proof/passkey", {"credential": foreign.sign(options)})
    options = an.call("/proof/passkey/options", {}).json()
    right = an.call("/proof/passkey", {"credential": passkey.sign(options)})
    assert (wrong.status_code, right.status_code) == (403, 200)
    assert {"proof.refused", "proof.passkey"} <= set(town.acts())
    assert an.call("/account/passkeys/options", {}).status_code == 200


def test_a_disabled_person_does_not_come_in(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    add(an, passkey)
    with town.db.writing() as conn:
        person_id = people.person_by_login(conn, "an")
        assert person_id is not None
        by, now = By(came_from="shell"), town.clock.now()
        closing.close(conn, person_id, reason="left", by=by, now=now)
    assert come_in(app, passkey)[1] == 401


def invite(town: Town, login: str) -> str:
    town.add_keeper_of_all()
    keeper = visitor(town.app(public_url=SITE)).sign_in("quan", PASSWORD)
    answer = keeper.post("/invitations", login=login)
    return answer.text.split(f"{SITE}/invited/")[1].split('"')[0]


def test_somebody_invited_comes_in_with_a_passkey_and_no_password(
    app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    path = f"/invited/{invite(town, 'dung')}/passkey"
    dung = visitor(app)
    options = dung.call(f"{path}/options", {}).json()
    made = {"credential": passkey.make(options)}
    assert dung.call(path, {"credential": {}}).status_code == 410  # and the link still holds
    assert dung.call(path, made).status_code == 201
    assert visitor(app).call(path, made).status_code == 410
    assert visitor(app).call(f"{path}/options", {}).status_code == 410
    assert "invitation.accept" in town.acts()
    assert come_in(app, passkey)[1] == 200
    assert visitor(app).post("/login", login="dung", password="").status_code == 401
    dung.csrf = dung.send("GET", "/api/session").json()["csrf"]
    answer = dung.post("/account/password", new="cây bàng 1986", again="cây bàng 1986")
    assert answer.status_code == 303
    visitor(app).sign_in("dung", "cây bàng 1986")


def test_who_is_let_in_anew_leaves_older_passkeys_and_the_password_behind(
    an: Visitor, app: FastAPI, passkey: SoftPasskey, town: Town
) -> None:
    add(an, passkey)
    path, new = f"/invited/{invite(town, 'an')}/passkey", SoftPasskey(SITE, HOST)
    who = visitor(app)
    options = who.call(f"{path}/options", {}).json()
    assert who.call(path, {"credential": new.make(options)}).status_code == 201
    assert [come_in(app, passkey)[1], come_in(app, new)[1]] == [401, 200]
    assert visitor(app).post("/login", login="an", password=PASSWORD).status_code == 401


@pytest.mark.parametrize(
    ("public_url", "party"),
    [
        ("https://hub.example:443", Party("hub.example", "https://hub.example")),
        ("https://hub.example:8443", Party("hub.example", "https://hub.example:8443")),
        ("http://localhost:8080", Party("localhost", "http://localhost:8080")),
        ("http://hub.example", None),
        ("https://10.0.0.1", None),
        ("https://[::1]", None),
    ],
)
def test_passkeys_are_offered_where_browsers_make_them(
    public_url: str, party: Party | None
) -> None:
    assert party_of(public_url) == party


def test_where_there_are_none_no_page_offers_them(town: Town) -> None:
    plain = Visitor(town.app()).sign_in("an", PASSWORD)
    assert "data-passkey" not in plain.get("/account").text
    assert plain.call("/account/passkeys/options", {}).status_code == 404
