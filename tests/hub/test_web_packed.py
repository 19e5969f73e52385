"""What is the same for everybody goes packed over the line; a page with secrets in it never."""

import gzip

import httpx
import pytest

from hub.web.site import STATIC_FOLDER
from tests.hub.fake_site import FakeSite, fake_site
from tests.hub.web_visitor import Visitor

FILES = ("app.css", "js/app.js", "icons/eye.svg", "vendor/htmx-2.0.11.min.js")


@pytest.fixture
def site() -> FakeSite:
    return fake_site()


def ask(site: FakeSite, path: str, accepted: str) -> httpx.Response:
    visitor = Visitor(site.app).sign_in("an", "right")
    return visitor.send("GET", path, headers={"Accept-Encoding": accepted, "Accept": "text/html"})


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("accepted", ["gzip, br", "identity", ""])
def test_a_static_file_is_whole_whether_packed_or_not(
    site: FakeSite, file: str, accepted: str
) -> None:
    answer = ask(site, f"/static/{site.app.state.site.version}/{file}", accepted)
    assert answer.content == (STATIC_FOLDER / file).read_bytes()
    is_packed = answer.headers.get("content-encoding") == "gzip"
    assert is_packed == ("gzip" in accepted)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]
    if is_packed:
        assert int(answer.headers["content-length"]) == len(gzip.compress(answer.content, 9))


def test_the_worker_is_packed_and_a_page_is_not(site: FakeSite) -> None:
    worker = ask(site, "/sw.js", "gzip")
    assert worker.headers["content-encoding"] == "gzip"
    assert worker.text.startswith("const told = ")
    for path in ("/", "/settings", "/login", "/api/session", "/api/inbox"):
        assert "content-encoding" not in ask(site, path, "gzip").headers


def test_a_file_that_is_not_there_is_not_there_packed_either(site: FakeSite) -> None:
    assert ask(site, "/static/x/js/nothing.js", "gzip").status_code == 404
    assert ask(site, "/static/x/../../hub.db", "gzip").status_code == 404
