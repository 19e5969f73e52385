"""Content that is the same for everybody is sent compressed; a page with secrets never is."""

import gzip

import httpx
import pytest
from fastapi import FastAPI

from hub.web.rendering import STATIC_FOLDER
from hub.web.styles.stylesheet import stylesheet
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

FILES = ("app.css", "js/app.js", "icons/eye.svg", "vendor/htmx-2.0.11.min.js")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def app(town: Town) -> FastAPI:
    return town.app()


def ask(app: FastAPI, path: str, accepted: str) -> httpx.Response:
    visitor = Visitor(app).sign_in("an", PASSWORD)
    return visitor.send("GET", path, headers={"Accept-Encoding": accepted, "Accept": "text/html"})


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("accepted", ["gzip, br", "identity", ""])
def test_a_static_file_is_whole_whether_packed_or_not(
    app: FastAPI, file: str, accepted: str
) -> None:
    answer = ask(app, f"/static/{app.state.site.version}/{file}", accepted)
    content = stylesheet() if file == "app.css" else (STATIC_FOLDER / file).read_bytes()
    assert answer.content == content
    is_packed = answer.headers.get("content-encoding") == "gzip"
    assert is_packed == ("gzip" in accepted)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]
    if is_packed:
        assert int(answer.headers["content-length"]) == len(gzip.compress(answer.content, 9))


def test_the_worker_is_packed_and_a_page_is_not(app: FastAPI) -> None:
    worker = ask(app, "/sw.js", "gzip")
    assert worker.headers["content-encoding"] == "gzip"
    assert worker.text.startswith("const told = ")
    for path in ("/", "/settings", "/login", "/api/session", "/api/inbox"):
        assert "content-encoding" not in ask(app, path, "gzip").headers


def test_a_file_that_is_not_there_is_not_there_packed_either(app: FastAPI) -> None:
    assert ask(app, "/static/x/js/nothing.js", "gzip").status_code == 404
    assert ask(app, "/static/x/../../hub.db", "gzip").status_code == 404
