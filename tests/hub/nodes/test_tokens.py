"""Upload tokens: their node, their expiry, and which tokens are refused."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.moment import Moment
from hub.nodes.pki.upload_tokens import VALID_FOR_S, UploadTokens

pytestmark = [
    pytest.mark.promise("Hub: An upload needs a short-lived token of its node."),
    pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused."),
]

NOW = Moment(1_795_000_000_000_000)
URL = "https://hub.example/upload"


def tokens(key: bytes = b"k" * 32) -> UploadTokens:
    return UploadTokens(key, upload_url=URL)


def test_a_token_names_its_node_until_its_span_has_passed() -> None:
    minted = tokens().issue("nga-tu-01", NOW)
    assert (minted.valid_for_s, minted.upload_url) == (VALID_FOR_S, URL)
    assert tokens().verify(minted.token, NOW) == "nga-tu-01"
    assert tokens().verify(minted.token, NOW.plus_s(VALID_FOR_S - 1)) == "nga-tu-01"
    assert tokens().verify(minted.token, NOW.plus_s(VALID_FOR_S)) is None


def test_a_token_of_another_key_names_nobody() -> None:
    assert tokens(b"x" * 32).verify(tokens().issue("nga-tu-01", NOW).token, NOW) is None


@given(place=st.integers(min_value=0), letter=st.sampled_from("ABCxyz019-_."))
def test_a_token_with_any_letter_changed_names_nobody_else(place: int, letter: str) -> None:
    token = tokens().issue("nga-tu-01", NOW).token
    at = place % len(token)
    forged = token[:at] + letter + token[at + 1 :]
    # The last letter of base64 has bits to spare, so a changed one may still say the same.
    assert tokens().verify(forged, NOW) in (None, "nga-tu-01")


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert tokens().verify(text, NOW) is None


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    minted = UploadTokens.open(tmp_path, upload_url=URL).issue("nga-tu-01", NOW)
    assert stat.S_IMODE((tmp_path / "upload.key").stat().st_mode) == 0o600
    assert UploadTokens.open(tmp_path, upload_url=URL).verify(minted.token, NOW) == "nga-tu-01"


@pytest.mark.promise("Security: A secret that others can read is refused.")
def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    UploadTokens.open(tmp_path, upload_url=URL)
    (tmp_path / "upload.key").chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        UploadTokens.open(tmp_path, upload_url=URL)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        tokens(b"short")
