"""Addresses of single objects in a town: who asks for one, and whether they may."""

import io
import json
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final
from uuid import UUID

from hub.access.rules.grants import Right
from hub.base.audit.asker import Asker
from hub.cases.evidence.service import CannotLeaveError, ExportService
from hub.web.rendering import Pack
from tests.scope.asks import Ask
from tests.scope.holdings import Holdings, HoldingsTwin
from tests.scope.world import Person, Twin

REASON: Final = (("reason", "to ask back"),)


class Addresses:
    """Makes requests for them at random; `twin` judges."""

    def __init__(self, holdings: Holdings, twin: Twin) -> None:
        self._holdings, self._twin, self._rng = holdings, twin, holdings.rng
        self.theirs = HoldingsTwin(holdings, twin)
        self._makers: tuple[Callable[[Person], Ask], ...] = (
            self._case,
            self._case,
            self._item,
            self._add,
            self._package,
            self._notice,
            self._notice_file,
            self._tip_picture,
            self._reporter,
            self._now,
            self._now,
            self._moment,
            self._found,
            self._settings,
            self._place,
        )

    def ask(self, who: Person) -> Ask:
        """One of them."""
        return self._rng.choice(self._makers)(who)

    def _case(self, who: Person) -> Ask:
        case = self._rng.choice(self._holdings.cases)
        return Ask("case", "GET", f"/cases/{case.case_id}", self.theirs.works_on(who, case))

    def _item(self, who: Person) -> Ask:
        case, other = self._rng.choices(self._holdings.cases, k=2)
        if not other.items:
            return self._case(who)
        item = self._rng.choice((self._rng.choice([case, other, other])).items or other.items)
        is_theirs = (
            item in case.items
            and self.theirs.exports(who, case)
            and self._twin.opens(who, item.file)
        )
        return Ask("case item", "GET", f"/cases/{case.case_id}/hide/{item.item_id}", is_theirs)

    def _add(self, who: Person) -> Ask:
        """Footage into a case; refused alike where the case, the file or its time is not theirs.

        To keep a clip they need not be let to watch it: that they may see what it is of is enough.
        """
        case, file = (
            self._rng.choice(self._holdings.cases),
            self._rng.choice(self._holdings.world.files),
        )
        is_in = any(one.file.media_id == file.media_id for one in case.items)
        may = self.theirs.works_on(who, case) and not case.is_closed and is_in
        form = (("case", str(case.case_id)), ("media", str(file.media_id)))
        if not is_in and self._twin.may(who, file.camera, Right.SEE, file.recorded_us):
            return self._case(who)  # it would change what is in it
        return Ask("case add", "POST", "/cases/add", may, form=form)

    def _package(self, who: Person) -> Ask:
        case = self._rng.choice(self._holdings.cases)
        is_theirs = self.theirs.takes_out(who, case)
        return Ask("package", "POST", f"/cases/{case.case_id}/export", is_theirs, form=REASON)

    def _notice(self, who: Person) -> Ask:
        notice = self._rng.choice(self._holdings.notices)
        if self._rng.random() < 0.4:
            is_out = notice.state != "draft"
            return Ask("public notice", "GET", f"/public/{notice.notice_id}", is_out)
        path = f"/notices/{notice.notice_id}"
        return Ask("notice", "GET", path, self.theirs.writes(who, notice))

    def _notice_file(self, who: Person) -> Ask:
        notice = self._rng.choice(self._holdings.notices)
        kind = self._rng.choice(["picture", "sound"])
        if self._rng.random() < 0.5:
            path = f"/public/{notice.notice_id}/{kind}"
            return Ask("public file", "GET", path, self.theirs.is_public(notice))
        path = f"/notices/{notice.notice_id}/{kind}"
        return Ask("notice file", "GET", path, self.theirs.writes(who, notice))

    def _tip_picture(self, who: Person) -> Ask:
        tip = self._rng.choice(self._holdings.tips)
        path = f"/tips/pictures/{next(iter(tip.pictures))}"
        if self._rng.random() < 0.5:
            return Ask("tip picture", "GET", path, self.theirs.reads_tip(who, tip))
        return Ask("tip original", "GET", f"{path}/original", self.theirs.has_tip(who, tip))

    def _reporter(self, who: Person) -> Ask:
        tip = self._rng.choice(self._holdings.tips)
        path = f"/alerts/{tip.shot.alert_id}"
        if self._rng.random() < 0.5:
            return Ask("tip", "GET", path, self._twin.knows_alert(who, tip.shot))
        may = self.theirs.knows_sender(who, tip)
        return Ask("reporter", "POST", f"{path}/tip/reporter", may, form=REASON)

    def _now(self, who: Person) -> Ask:
        place = self._rng.choice(self._holdings.world.cameras).place
        purpose, right = self._rng.choice([("live", Right.LIVE), ("aim", Right.MANAGE)])
        path = (
            f"/cameras/{place.camera_id}/{purpose}{self._rng.choice(['', '/picture', '/picture'])}"
        )
        return Ask(purpose, "GET", path, self._twin.may(who, place, right))

    def _moment(self, who: Person) -> Ask:
        shot = self._rng.choice(self._holdings.world.shots)
        path = f"/moment?camera={shot.camera.camera_id}&at={shot.recorded_us}"
        return Ask("moment", "GET", path, self._twin.searches(who, shot.camera))

    def _found(self, who: Person) -> Ask:
        place = self._rng.choice(self._holdings.world.cameras).place
        if self._rng.random() < 0.5:
            return Ask("find", "GET", f"/find?when=year&how=camera&camera={place.camera_id}")
        file = self._rng.choice(self._holdings.world.files)
        room = self._rng.choice(["find", "moment", "footage"])
        is_theirs = None if self._twin.opens(who, file) else False
        return Ask("ask", "POST", f"/{room}/clips/{file.media_id}/ask", is_theirs)

    def _settings(self, who: Person) -> Ask:
        world = self._holdings.world
        if self._rng.random() < 0.5:
            area_id = self._rng.choice(list(world.parents))
            page = self._rng.choice(["configuration/area", "duty/plans"])
            return Ask("area", "GET", f"/{page}/{area_id}", self._twin.tends_area(who, area_id))
        node_id: UUID = self._rng.choice(list(self._holdings.node_ids))
        may = self._twin.tends_area(who, self._holdings.node_ids[node_id])
        return Ask("box", "GET", f"/configuration/node/{node_id}", may)

    def _place(self, who: Person) -> Ask:
        place = self._rng.choice(self._holdings.world.cameras).place
        path = f"/cameras/{place.camera_id}"
        return Ask("camera", "GET", path, self._twin.may(who, place, Right.SEE))


def packer(exports: ExportService) -> Pack:
    """A package as plain bytes, so that marks are found in it: the real service says who may."""

    def pack(
        asker: Asker, media_ids: Sequence[UUID], case: str, reason: str, plans: Sequence[bytes]
    ) -> tuple[str, BinaryIO] | None:
        try:
            leaving = exports.export(asker, media_ids, case_number=case, reason=reason)
        except ValueError as error:
            raise CannotLeaveError(str(error)) from error
        if leaving is None:
            return None
        named = [[one.label, one.place, one.node] for one in leaving.footage]
        footage = b"".join(piece for one in leaving.footage for piece in exports.read(one))
        return "package", io.BytesIO(json.dumps(named).encode() + footage)

    return pack
