"""Shapes of the details that acts add to their lines in the log.

The log keeps one English text for good. A shape is such a text with places for its values.
`hub.oversight.log.details` finds the values and writes the text in the reader's language. Text that
a person typed, such as a reason or a name, stays as it is.
"""

from collections.abc import Callable, Mapping

ActShapes = Mapping[str, tuple[str, ...]]
"""Act id, without the ending of a refusal → the shapes of its details, the first that fits."""


def shapes(say: Callable[[str], str]) -> ActShapes:
    """All shapes in the language of `say`; with `str` the English ones that are stored."""
    parts = (_looks, _footage, _cases, _people, _town)
    return {act: told for part in parts for act, told in part(say).items()}


def conditions(say: Callable[[str], str]) -> tuple[str, ...]:
    """Shapes of one condition of a search for sightings."""
    return (
        say("%(iso)s to %(iso2)s"),
        say("cameras %(ids)s"),
        say("area %(id)s"),
        say("named %(name)s"),
        say("near %(spot)s"),
        say("at %(spot)s"),
        say("%(n)s m round %(point)s"),
        say("%(n)s m along %(points)s"),
        say("inside %(points)s"),
        say("%(n)s people or more"),
        say("%(share)s of the picture or taller"),
        say("upper clothing %(colours)s"),
        say("lower clothing %(colours)s"),
        say("clothing %(colours)s"),
        say("vehicle %(colours)s"),
        say("on a %(vehicles)s"),
        say("%(n)s to %(m)s people"),
        say("%(n)s people"),
        say("%(n)s to %(m)s cm tall"),
        say("standing"),
        say("walking"),
        say("fast"),
        say("going %(way)s"),
        say("riding"),
        say("on foot"),
        say("leaving towards %(places)s"),
        say("leaving %(compass)s"),
        say("in %(n)s parts of it"),
        say("with a clip"),
        say("in alerts"),
        say("before %(iso)s"),
    )


def placings(say: Callable[[str], str]) -> tuple[str, ...]:
    """Shapes of one value of a camera's place."""
    return (
        say("latitude_deg %(number)s"),
        say("longitude_deg %(number)s"),
        say("bearing_deg None"),
        say("bearing_deg %(number)s"),
        say("kept_label %(name)s"),
        say("label %(name)s"),
        say("area_id %(id)s"),
    )


def _looks(say: Callable[[str], str]) -> ActShapes:
    cameras, nodes = say("%(n)s cameras"), say("%(n)s nodes")
    inbox = (
        say("%(n)s running, %(m)s handled; in words %(k)s running, %(l)s handled"),
        say("%(n)s running, %(m)s handled, %(o)s asked for; in words %(k)s running, %(l)s handled"),
        say("%(n)s running, %(m)s handled, %(o)s asked for"),
        say("%(n)s running, %(m)s handled"),
    )
    watched = (
        say("%(n)s s, %(m)s pictures; closed"),
        say("%(n)s s, %(m)s pictures; the page was left"),
        say("%(n)s s, %(m)s pictures; no longer granted"),
        say("%(n)s s, %(m)s pictures; the hub stopped"),
    )
    return {
        "aim.end": watched,
        "alert.glance": (say("in words"),),
        "areas.open": (say("%(n)s areas"),),
        "cameras.glance": (cameras,),
        "cameras.open": (cameras,),
        "cases.open": (say("%(n)s cases"),),
        "changes.open": (say("%(n)s since %(id)s"),),
        "duty.open": (say("%(n)s teams, %(m)s plans"),),
        "enrolments.open": (say("%(n)s wait"),),
        "grants.form": (say("%(n)s people"),),
        "grants.open": (say("%(n)s areas, %(m)s grants"),),
        "households.open": (say("%(n)s households"),),
        "inbox.glance": inbox,
        "inbox.open": inbox,
        "invitations.open": (say("%(n)s invitations"),),
        "keeping.open": (say("%(n)s holds, %(m)s rules"),),
        "live.choose": (cameras,),
        "live.end": watched,
        "log.open": (
            say("%(n)s lines, looks only, refreshes too"),
            say("%(n)s lines, looks only"),
            say("%(n)s lines, refreshes too"),
            say("%(n)s lines"),
        ),
        "lookup.find": (say("%(typed)s: %(n)s found"),),
        "nodes.open": (nodes,),
        "programs.list": (nodes,),
        "report.open": (
            say("day-%(day)s: %(n)s alerts"),
            say("week-%(day)s: %(n)s alerts"),
            say("month-%(day)s: %(n)s alerts"),
            say("%(name)s: %(n)s alerts"),
        ),
        "rules.open": (say("%(n)s rules"),),
        "search.find": (say("%(at)s-%(at2)s: %(n)s clips"),),
        "search.moment": ("%(at)s: %(ids)s",),
        "search.sightings": (
            say("%(typed)s: %(conditions)s: %(n)s sightings"),
            say("%(conditions)s: %(n)s sightings"),
        ),
        "search.open": (say("%(n)s areas"), cameras, say("%(n)s names")),
        "settings.list": (nodes,),
        "silences.open": (say("%(n)s silences"),),
        "undelivered.open": (say("%(n)s in a day"),),
    }


def _footage(say: Callable[[str], str]) -> ActShapes:
    sound = say("this person may not see clips of that camera, or not of that time")
    return {
        "given.seal": (
            say(
                "request %(id)s, sha256 %(sha)s, %(n)s bytes, cut from sha256 %(sha2)s, %(m)s bytes"
            ),
            say("request %(id)s, sha256 %(sha)s, %(n)s bytes"),
        ),
        "given.remove": (say("let go %(n)s days ago; %(m)s bytes, sha256 %(sha)s"),),
        "hold.add": (
            say("case %(number)s: %(reason)s"),
            say("a hold needs a case number and a reason"),
            say("the dates of a hold must lie between 1970 and 2199"),
            say("the hold ends before it begins"),
            say("this id does not exist, or is not visible to them"),
        ),
        "hold.end": (say("case %(number)s: %(reason)s"),),
        "media.adopt": (say("it was here already: sha256 %(sha)s"),),
        "media.lost": (say("not in the store: sha256 %(sha)s"),),
        "media.remove": (
            say("rule %(id)s; %(n)s bytes, sha256 %(sha)s"),
            say("the disk is full; %(n)s bytes, sha256 %(sha)s"),
        ),
        "media.store": (
            say("%(n)s bytes, sha256 %(sha)s, left of an unfinished clip"),
            say("%(n)s bytes, sha256 %(sha)s"),
        ),
        "retention.set": (
            say("%(footage)s for good: %(reason)s"),
            say("%(footage)s for %(n)s days: %(reason)s"),
        ),
        "span.ask": (
            say("%(at)s-%(at2)s with sound: %(reason)s"),
            say("%(at)s-%(at2)s: %(reason)s"),
            say("a span ends after it begins, and lasts an hour at most"),
            say("asking for footage needs a reason"),
            sound,
        ),
        "sound.ask": (sound,),
    }


def _cases(say: Callable[[str], str]) -> ActShapes:
    clip, media, person = say("given %(id)s"), say("media %(id)s"), say("person %(id)s")
    return {
        "case.add": (media,),
        "case.ask": (say("household %(id)s, request %(id2)s"),),
        "case.close": (say("held on"), say("no longer held")),
        "case.export": (say("%(n)s files not theirs to see"), say("no right to export")),
        "case.given": (clip,),
        "case.hand_over": (person,),
        "case.member": (person,),
        "case.member.end": (person,),
        "case.note": (
            say("not marked: items %(ids)s"),
            say("marked: items %(ids)s"),
            say("item %(id)s"),
            say("%(n)s items"),
            clip,
        ),
        "case.remove": (media, say("item %(id)s"), clip),
        "case.tip": (say("tip %(id)s"),),
        "evidence.export": (say("case %(number)s: %(reason)s"),),
    }


def _people(say: Callable[[str], str]) -> ActShapes:
    login = say("login %(login)s")
    return {
        "alert.false_alarm": _closing(say),
        "alert.go": (say("it is closed"),),
        "alert.not_go": (say("it is closed"),),
        "alert.mute": (say("not three false alarms in a row"),),
        "alert.resolve": _closing(say),
        "alert.snooze": (say("silenced already, or too often"),),
        "alert.undo": (say("too late"),),
        "grant.add": ("%(rights)s: %(reason)s",),
        "invitation": (say("no such link"),),
        "invitation.correct": (
            say("login %(login)s to %(login2)s, name %(name)s to %(name2)s"),
            login,
        ),
        "invitation.make": (login,),
        "person.drop_phone": (say("phone %(id)s"),),
        "person.language": ("%(language)s",),
        "person.rename": (say("%(name)s to %(name2)s"),),
        "person.role": ("%(role)s",),
        "person.sign_out": (say("%(n)s sessions"),),
        "phone.test": (say("%(n)s phones"), say("%(n)s tests in the last hour")),
        "session": (
            login,
            say("passkey"),
            say("an answer of the provider that this browser did not ask for"),
            say("an answer of the provider that came before"),
            say("the provider refused: %(reason)s"),
        ),
        "session.blocked": (login,),
        "session.end_others": (say("%(n)s ended"),),
        "silence.add": (say("three false alarms in a row"),),
    }


def _closing(say: Callable[[str], str]) -> tuple[str, ...]:
    return (say("right after taking it"),)


def _town(say: Callable[[str], str]) -> ActShapes:
    return {
        "area.change": (
            say("%(name)s, moved from %(place)s to %(place2)s"),
            "%(name)s",
        ),
        "camera.place": ("%(placings)s",),
        "enrolment": (
            say("unknown"),
            say("expired"),
            say("used"),
            say("withdrawn"),
            say("revoked"),
        ),
        "enrolment.make": (
            say("an enrolment is valid for at least one second and at most 14 days"),
            say("a node has at most %(n)s cameras, all with different names"),
            say("node %(name)s already exists in another area"),
        ),
        "enrolment_sheet.make": (
            say("%(n)s boxes, %(m)s days"),
            say("%(n)s lines are wrong"),
        ),
        "enrolment_sheet.try": (say("%(n)s boxes"),),
        "group.members": (say("%(n)s nodes, %(m)s new, %(k)s gone"),),
        "hub.backup": (say("into %(name)s, with footage"), say("into %(name)s")),
        "hub.restore": (say("a backup of %(name)s"),),
        "household.request.tell": (say("%(name)s: sent"),),
        "household.register": (say("consent %(name)s (%(language)s)"),),
        "household.request.end": (say("consent"), say("withdrawn"), say("done")),
        "household.send": (
            say("%(n)s bytes, cut %(m)s–%(k)s ms"),
            say("%(n)s bytes, whole"),
        ),
        "household.send.begin": (say("%(n)s bytes"),),
        "household.withdraw": (
            say(
                "%(n)s open requests ended; contact forgotten; %(m)s films given before stay under"
                " the rules of their cases"
            ),
        ),
        "months.drop": (say("%(name)s of %(month)s"),),
        "petition.answer": (
            say("%(number)s granted: %(reason)s"),
            say("%(number)s refused: %(reason)s"),
        ),
        "petition.erase": (say("%(number)s: media %(id)s, %(n)s bytes, sha256 %(sha)s"),),
        "petition.forget_contact": (say("%(number)s: who asked, %(n)s days after the answer"),),
        "petition.gone": (say("the store was asked again and has it no more: sha256 %(sha)s"),),
        "petition.take_in": (say("%(wish)s, form"), say("%(wish)s, counter")),
        "plan.set": (say("%(n)s steps, %(m)s repeats"),),
        "programs.add": (say("%(name)s, sha256 %(sha)s"),),
        "rule.add": (
            say("%(place)s: %(kind)s tells everybody: %(reason)s"),
            say("%(place)s: %(kind)s tells nobody: %(reason)s"),
            say("%(place)s: %(kind)s tells team: %(reason)s"),
        ),
        "settings.halt": (say("%(n)s nodes go back: %(halted)s"),),
        "settings.roll": (
            say("%(n)s nodes, in stages: %(reason)s"),
            say("a roll-out to some of these nodes is running (%(name)s): wait, or halt it"),
        ),
        "settings.want": (say("%(n)s nodes: %(reason)s"),),
        "table.take": (say("%(table)s: %(n)s lines"), "%(table)s"),
        "table.try": ("%(table)s",),
        "team.change": (say("%(name)s, %(n)s people"),),
        "tip.forget": (say("all of it, after %(n)s days: %(m)s pictures, %(k)s bytes"),),
        "tip.forget_contact": (say("who sent it, after %(n)s days"),),
        "tip.take_in": (say("form, %(n)s pictures"), say("%(name)s, %(n)s pictures")),
    }
