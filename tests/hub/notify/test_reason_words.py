"""Why a message or a phone was lost is in the reader's language."""

import pytest

from hub.notify.channels.zalo import OA_GONE, OA_REFUSED, ZNS_GONE, ZNS_REFUSED
from hub.notify.phones.rows import BY_KEEPER, CLOSED_ACCOUNT, REMOVED, TAKEN_OVER
from hub.notify.reason_wording import reason_words
from hub.web.i18n import words

pytestmark = pytest.mark.promise("Pages: A record in Vietnamese is in Vietnamese to its last word.")

VI = words("vi")


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("410 from push.example: gone", "push.example trả lời mã 410: gone"),
        ("503 from push.example", "push.example trả lời mã 503"),
        ("push.example: ConnectTimeout", "kết nối tới push.example quá lâu"),
        ("no answer within 10 s", "không có trả lời trong 10 giây"),
        ("fault of the hub: KeyError", "lỗi của trung tâm: KeyError"),
        ("Zalo -227: is blocked or long unused", None),
        ("Zalo ZNS -118: no Zalo account has this number", None),
        ("error -216 from Zalo", "Zalo báo lỗi -216"),
        ("", ""),
        ("no shape knows this", "no shape knows this"),
    ],
)
def test_a_kept_reason_is_said_in_vietnamese(kept: str, said: str | None) -> None:
    told = reason_words(kept, VI)
    assert told == said if said is not None else told != kept
    assert reason_words(kept, words("en")) == kept


@pytest.mark.parametrize("why", [REMOVED, TAKEN_OVER, BY_KEEPER, CLOSED_ACCOUNT])
def test_why_a_phone_is_gone_has_words(why: str) -> None:
    assert reason_words(why, VI) != why


def test_every_refusal_of_zalo_has_words() -> None:
    every = {why for one in (OA_GONE, OA_REFUSED, ZNS_GONE, ZNS_REFUSED) for why in one.values()}
    told = {why: reason_words(f"Zalo 1: {why}", VI) for why in every}
    assert [why for why, said in told.items() if why in said] == []
