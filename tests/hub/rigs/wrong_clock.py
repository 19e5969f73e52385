"""A machine's clock that a test can set wrong."""

import time
from collections.abc import Callable

import pytest


@pytest.fixture
def put_wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    off_ns = 0
    real = time.time_ns

    def put(by_s: float) -> None:
        nonlocal off_ns
        off_ns = round(by_s * 1e9)

    monkeypatch.setattr(time, "time_ns", lambda: real() + off_ns)
    return put
