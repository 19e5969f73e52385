"""Texts of the acts that a capability gives no text for itself, in the order of the pages."""

from hub.web.i18n import Messages


def acts(words: Messages) -> dict[str, str]:
    """Texts by act id."""
    parts = (_alerts, _footage, _cases, _places, _people, _public, _hub)
    return {act: text for part in parts for act, text in part(words).items()}


def _alerts(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "alert.arrive": say("reported arrival at an alert"),
        "silence.add": say("silenced alerts"),
        "silence.end": say("ended a silence"),
        "rule.add": say("made an alert rule"),
        "rule.end": say("ended an alert rule"),
        "rule.try": say("tried an alert rule on last week"),
        "rules.open": say("read the alert rules"),
        "duty.open": say("read the rosters"),
        "plan.open": say("read an escalation plan"),
        "plan.set": say("changed an escalation plan"),
        "plan.end": say("removed an escalation plan"),
        "team.open": say("read the roster of a team"),
        "team.add": say("made a team"),
        "team.change": say("changed a team"),
        "team.end": say("ended a team"),
        "roster.shift": say("set a shift"),
        "roster.shift.drop": say("removed a shift"),
        "roster.odd_day": say("set an exceptional day of a roster"),
        "roster.odd_day.drop": say("removed an exceptional day of a roster"),
        "roster.swap": say("set a substitute"),
        "roster.swap.drop": say("removed a substitute"),
        "notification.shown": say("a phone showed an alert"),
        "notification.opened": say("opened an alert on a phone"),
        "undelivered.open": say("read what could not be delivered"),
        "phones.open": say("read their own settings"),
        "phone.add": say("added a phone"),
        "phone.remove": say("removed a phone"),
        "phone.check": say("a phone was checked"),
        "phone.test": say("sent a test alert to their phones"),
        "channels.choose": say("chose by which ways they are told"),
    }


def _footage(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "camera.open": say("opened the page of a camera"),
        "cameras.open": say("opened the map of cameras"),
        "sound.ask": say("asked to hear the sound of a clip"),
        "media.store": say("a file from a camera box was stored"),
        "media.remove": say("footage was removed"),
        "media.lost": say("a stored file was missing"),
        "media.adopt": say("a file without an entry was entered"),
        "keeping.open": say("read how long footage is kept"),
        "retention.set": say("set how long footage is kept"),
        "retention.end": say("removed a rule of how long footage is kept"),
        "hold.add": say("held footage for a case"),
        "hold.end": say("ended a hold on footage"),
    }


def _cases(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "cases.open": say("read the list of cases"),
        "case.open": say("opened a case"),
        "case.begin": say("began a case"),
        "case.add": say("added footage to a case"),
        "case.remove": say("took footage out of a case"),
        "case.note": say("changed a note of a case"),
        "case.member": say("let a person work on a case"),
        "case.member.end": say("ended a person's work on a case"),
        "case.hand_over": say("handed a case over"),
        "case.close": say("closed a case"),
        "case.reopen": say("opened a case again"),
        "case.export": say("exported a case"),
        "case.tip": say("put a report of the public into a case"),
        "case.households": say("read which households may be asked"),
        "case.ask": say("asked a household for footage"),
        "case.ask.end": say("withdrew a request to a household"),
        "case.given": say("a household gave footage"),
        "evidence.export": say("exported footage as evidence"),
        "evidence.key": say("an evidence key was made"),
        "given.open": say("opened footage of a household"),
        "given.remove": say("footage of a household was removed"),
        "given.seal": say("footage of a household was sealed on arrival"),
    }


def _places(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "areas.open": say("read the areas"),
        "area.add": say("added an area"),
        "area.change": say("changed an area"),
        "camera.place": say("set the position or direction of a camera"),
        "table.try": say("tried a table before taking it"),
        "table.take": say("took a table"),
        "nodes.open": say("read the state of the camera boxes"),
        "node.add": say("added a camera box"),
        "node.birth": say("a camera box connected"),
        "node.revoke": say("locked a camera box"),
        "papers.renew": say("a camera box renewed its certificate"),
        "enrolments.open": say("read which new camera boxes are expected"),
        "enrolment.make": say("made a code for a new camera box"),
        "enrolment.redeem": say("a camera box used its code"),
        "enrolment.refused": say("a code of a camera box was refused"),
        "enrolment.withdraw": say("withdrew the code of a camera box"),
        "diagnosis.ask": say("asked a camera box for a diagnosis file"),
        "diagnosis.fetch": say("fetched a diagnosis file"),
        "group.add": say("made a group of camera boxes"),
        "group.members": say("changed a group of camera boxes"),
        "programs.list": say("read the programs of the camera boxes"),
        "programs.add": say("added programs for camera boxes"),
        "settings.list": say("read the settings of the camera boxes"),
        "settings.open": say("opened the settings of camera boxes"),
        "settings.preview": say("looked what settings would change"),
        "settings.want": say("changed the settings of camera boxes"),
        "settings.roll": say("settings went out to the next camera boxes"),
        "settings.halt": say("halted a roll-out of settings"),
        "settings.again": say("let a camera box try its settings again"),
    }


def _people(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "invitation.make": say("invited a person"),
        "invitation.accept": say("accepted an invitation"),
        "invitation.refused": say("an invitation was refused"),
        "invitation.withdraw": say("withdrew an invitation"),
        "passkey.add": say("added a passkey"),
        "passkey.remove": say("removed a passkey"),
        "person.language": say("changed their language"),
        "person.password": say("changed their password"),
        "proof.passkey": say("confirmed their identity by passkey"),
        "proof.password": say("confirmed their identity by password"),
        "proof.provider": say("confirmed their identity by the provider"),
        "proof.refused": say("failed to confirm their identity"),
        "proof.blocked": say("tried too often to confirm their identity"),
        "session.refused": say("failed to sign in"),
        "session.blocked": say("tried too often to sign in"),
        "session.end_others": say("signed out on all other devices"),
    }


def _public(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "tip.open": say("read reports of the public"),
        "tip.take_in": say("took a report of the public in"),
        "tip.picture": say("looked at a picture of a report"),
        "tip.original": say("fetched the original picture of a report"),
        "tip.reporter": say("read who sent a report"),
        "tip.answer": say("answered a report"),
        "tip.case": say("put a report into a case"),
        "tip_key.add": say("made a key for reports from another service"),
        "tip_key.revoke": say("withdrew a key for reports from another service"),
        "households.open": say("read the list of households"),
        "household.open": say("opened a household"),
        "household.register": say("entered a household"),
        "household.contact": say("read how to reach a household"),
        "household.link": say("made a link for a household"),
        "household.withdraw": say("a household withdrew its consent"),
        "household.request.tell": say("sent a household a request"),
        "household.request.end": say("a request to a household ended"),
        "household.send.begin": say("a household began to send footage"),
        "household.send": say("a household sent footage"),
        "notices.open": say("read the notices"),
        "notice.open": say("opened a notice"),
        "notice.write": say("wrote a notice"),
        "notice.change": say("changed a notice"),
        "notice.file": say("attached a file to a notice"),
        "notice.send": say("sent a notice"),
        "notice.withdraw": say("withdrew a notice"),
        "notice_way.add": say("added a way for notices"),
        "notice_way.end": say("removed a way for notices"),
    }


def _hub(words: Messages) -> dict[str, str]:
    say = words.say
    return {
        "hub.backup": say("a backup of the hub was made"),
        "hub.restore": say("the hub was restored from a backup"),
        "report.open": say("read a report"),
    }
