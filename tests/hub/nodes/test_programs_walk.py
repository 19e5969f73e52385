"""A release from a keeper's file to the running program of a box, as the pages show it.

The bundle is uploaded on the page, desired there for an area, and rolled out in stages. The node's
own service downloads it over HTTPS, root's part installs it, and the node reports it; after each
step the page says so, in both languages.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.updates.fetch import ReleaseFetch
from agent.updates.install import is_installable, what_runs
from agent.wire.programs import TakePrograms
from hub.access.signin.own_account import OwnAccountService
from hub.base.db.database import Database
from hub.nodes.desired_state import release_rows
from hub.nodes.pki.authority import Authority
from hub.web.i18n import LANGUAGES
from tests.agent.helpers.updates.programs import Box
from tests.agent.helpers.uplink.uploader_https import site
from tests.agent.rigs.bundles import bundle, public_of
from tests.agent.rigs.hubside import Running
from tests.hub.helpers.nodes.bundles_by_page import Office
from tests.hub.helpers.nodes.programs import Fleet, said
from tests.hub.rigs.web_town import NODE, PASSWORD
from tests.hub.rigs.web_visitor import Visitor, text_of
from tests.waiting import until

SAID = {
    "vi": {
        "waiting": "chưa trả lời",
        "going": "đang triển khai",
        "few": "đang chờ: 3",
        "fetching": "đang tải: 50%",
        "installing": "đang cài",
        "trying": "đang chạy thử trong mười lăm phút",
        "works": "đang chạy bản này",
        "fell": "đã trở lại bản trước",
        "why": "không kết nối được",
        "out": "đã triển khai xong",
    },
    "en": {
        "waiting": "has not answered yet",
        "going": "is going out",
        "few": "waited for: 3",
        "fetching": "fetches them: 50%",
        "installing": "installs them",
        "trying": "tries them for a quarter of an hour",
        "works": "runs them",
        "fell": "went back to the release before",
        "why": "it did not reach its broker",
        "out": "is out",
    },
}


class Walk:
    """A keeper at a page of their language, a fleet, and one box of it that is real."""

    def __init__(self, db: Database, folder: Path, language: str) -> None:
        self.box = Box(folder / "box")
        self.fleet = Fleet(db, folder)
        (folder / "keys").symlink_to(folder / "box" / "keys")
        town = self.fleet.town
        signed_in = town.accounts.sign_in("kim", PASSWORD, came_from="")
        town.services.use(OwnAccountService).set_language(signed_in.asker, language)  # type: ignore[union-attr]
        self.office = Office(town)
        self.kim: Visitor = self.office.kim
        self.said = SAID[language]
        self.file = bundle(folder / "box", number=70, name="r70")

    def line(self) -> str:
        """Text of the programs page about the real box."""
        page = text_of(self.kim.get("/configuration/programs"))
        return page[page.index(NODE) :].split("tram-02")[0]

    def want(self) -> TakePrograms:
        """Add it and want it of the area; what the box is told."""
        assert self.office.send_form(self.file.read_bytes()).status_code == 303
        with self.fleet.db.reading() as conn:
            sha256 = release_rows.bundles(conn)[0].sha256
        place = f"/configuration/area/{self.fleet.area.scope_id}"
        wanted = self.kim.post(place, **{"programs.bundle": sha256}, reason="bản mới")
        assert wanted.status_code == 303, text_of(wanted)
        self.told = dict(self.fleet.told_programs())
        assert sorted(self.told) == [NODE, "tram-02", "tram-03"], "the first few"
        return self.told[NODE]

    def fetch(self, tokens: object, authority: Authority) -> ReleaseFetch:
        """The box's own service."""
        key = public_of(self.box.folder)
        return ReleaseFetch(
            NODE,
            self.box.agents,
            tokens,  # type: ignore[arg-type]
            trusted=authority.ca_file,
            check=lambda path: is_installable(path, key=key),
            installed=lambda: what_runs(self.box.home, self.box.mark),
            free_bytes=lambda _: 10**12,
        )

    def report(self, fetch: ReleaseFetch) -> str:
        """It says how far it is; how the page tells it then."""
        self.fleet.pass_s(1)
        fetch._last = what_runs(self.box.home, self.box.mark)
        self.fleet.hear_programs(fetch.report())
        return self.line()


@pytest.fixture(params=LANGUAGES)
def walk(
    sqlite_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Walk]:
    monkeypatch.setattr("agent.updates.fetch.BEAT_S", 0.02)  # of the node's service
    db = Database(sqlite_url)
    (tmp_path / "box").mkdir()
    yield Walk(db, tmp_path, request.param)
    db.close()


@pytest.mark.loopback
def test_from_a_keepers_file_to_what_a_box_works_by_each_step_is_told_on_the_page(
    walk: Walk, tmp_path: Path
) -> None:
    words = walk.want()
    assert "r70" in walk.line() and walk.said["waiting"] in walk.line()
    rollouts = text_of(walk.kim.get("/configuration"))
    assert walk.said["going"] in rollouts and walk.said["few"] in rollouts
    authority = Authority.create(tmp_path / "ca", datetime.now(UTC))
    with site(walk.fleet.town, authority) as tokens:
        fetch = walk.fetch(tokens, authority)
        half = said(NODE, words, "fetching", words.size_bytes // 2)
        walk.fleet.hear_programs(half)
        assert walk.said["fetching"] in walk.line()
        with Running(fetch):
            fetch.receive(words)
            until(lambda: (last := fetch.report().last) and last.outcome == "installing")
        assert walk.said["installing"] in walk.report(fetch)
        assert walk.box.install()
        assert walk.said["trying"] in walk.report(fetch)
        walk.box.mark.write_text(str(walk.box.slots.in_use))
        walk.box.slots.guard(boot="b", uptime_s=10)
        told = walk.report(fetch)
        fetch.close()
    assert walk.said["works"] in told and "70" in told
    for name, one in walk.told.items():
        if name != NODE:
            walk.fleet.hear_programs(said(name, one, "in_force"))
    walk.fleet.live(2 * 3600, lambda _: "in_force")
    assert walk.said["out"] in text_of(walk.kim.get("/configuration"))


def test_a_box_that_fell_back_says_so_on_the_page_with_its_reason(walk: Walk) -> None:
    words = walk.want()
    walk.box.lay(walk.file, words)
    assert walk.box.install()
    for boot in range(6):
        walk.box.slots.guard(boot=str(boot), uptime_s=0)
    report = said(NODE, words, "fell_back")
    last = what_runs(walk.box.home, walk.box.mark).last
    walk.fleet.hear_programs(report.model_copy(update={"last": last}))
    assert walk.said["fell"] in walk.line() and walk.said["why"] in walk.line()
