"""The enrolment code: complete or refused, and tolerant of typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.enrolment import FINGERPRINT_BYTES, TOKEN_BYTES, CodeError, EnrolmentCode

pytestmark = pytest.mark.promise("Installing: An enrolment gives a QR code that a camera can read.")

CODE = EnrolmentCode(
    "hub.example.vn", 8443, bytes(range(FINGERPRINT_BYTES)), bytes(range(100, 100 + TOKEN_BYTES))
)


@given(
    host=st.sampled_from(["hub.example.vn", "10.0.0.7", "[fd00::7]", "hub"]),
    port=st.integers(1, 65535),
    fingerprint=st.binary(min_size=FINGERPRINT_BYTES, max_size=FINGERPRINT_BYTES),
    token=st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES),
)
def test_what_is_printed_is_read_again(
    host: str, port: int, fingerprint: bytes, token: bytes
) -> None:
    code = EnrolmentCode(host, port, fingerprint, token)
    assert EnrolmentCode.parse(code.text) == code


@pytest.mark.parametrize(
    "typed",
    [
        CODE.text.lower(),
        CODE.text.replace("-", ""),
        CODE.text.replace("-", " "),
        f"  https://{CODE.text}\n",
        CODE.text.replace("O", "0").replace("I", "1"),
    ],
)
def test_what_hands_do_to_it_does_no_harm(typed: str) -> None:
    assert EnrolmentCode.parse(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hub.example.vn:8443",
        "hub.example.vn:8443/",
        CODE.text[:-1],
        CODE.text + "A",
        CODE.text.replace("hub.example.vn", ""),
        CODE.text.replace("8443", "0"),
        CODE.text.replace("8443", "99999"),
        CODE.text.replace("8443", "²"),
        CODE.text.replace("hub.", "hub/../"),
        CODE.text[:-1] + "!",
        "x" * 100_000,
    ],
)
def test_what_is_not_whole_is_refused(typed: str) -> None:
    with pytest.raises(CodeError):
        EnrolmentCode.parse(typed)
