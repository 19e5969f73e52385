"""Every function that deletes is tried under hold, or is known to delete no footage."""

from typing import Final

import pytest

from tests.house.deleting import ROOT, places

pytestmark = pytest.mark.promise("Cases and evidence: Nothing under hold is deleted.")

# What deletes, and which test tries it under hold. A place that is in neither table fails
# `test_every_place_that_deletes_is_known_here`: try it, and enter it.

HERE = "tests/hub/test_nothing_under_hold_is_deleted.py::"
GIVEN = (
    "tests/hub/test_households.py::"
    "test_a_film_is_held_until_its_case_lets_it_go_and_removed_with_proof"
)
ASKED = (
    "tests/hub/test_petition_eraser.py::"
    "test_what_is_held_is_refused_with_its_reason_and_nothing_of_it_goes"
)
TIPS = "tests/hub/test_tip_keeping.py::test_what_a_case_needs_stays"
ON_NODE = "tests/agent/recording/test_nothing_held_goes.py::"
TRIED: Final = {
    "hub/store/remover.py::Remover._remove": HERE + "test_no_rule_and_no_full_disk_takes_it",
    "hub/store/remover.py::_mark": HERE + "test_a_hold_that_comes_between_is_in_time",
    "hub/store/blobs.py::BlobFolder.remove": HERE + "test_no_rule_and_no_full_disk_takes_it",
    "hub/store/bucket.py::BlobBucket.remove": HERE + "test_no_rule_and_no_full_disk_takes_it",
    "hub/store/sweep.py::Sweep._remove_orphan": HERE
    + "test_what_a_restored_hub_cannot_know_it_does_not_remove",
    "hub/store/sweep.py::Sweep._note_lost": HERE
    + "test_a_store_called_lost_by_the_keeper_is_there_again_when_its_disk_is",
    "hub/store/sweep.py::Sweep._remove_copies": HERE + "test_its_small_copy_may_go_and_it_stays",
    "hub/store/proxies.py::Proxies.forget": HERE + "test_its_small_copy_may_go_and_it_stays",
    "hub/store/proxies.py::Proxies._make_room": HERE + "test_its_small_copy_may_go_and_it_stays",
    "hub/store/parts.py::PartFolder.sweep": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/store/parts.py::PartFolder._make_room_among": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/store/parts.py::PartFolder.drop": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/store/parts.py::PartFolder.set_aside": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/store/uploads.py::Uploads.forget_free": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/store/uploads.py::Uploads.forget_wrong": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/store/uploads.py::Uploads._sweep": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/store/growing.py::GrowingClips.forget": HERE
    + "test_what_came_while_it_was_recorded_goes_only_when_the_whole_is_there",
    "hub/store/remains.py::Remains._take": HERE + "test_what_came_of_it_before_its_node_died_stays",
    "hub/store/arrivals.py::Arrivals._remove": GIVEN,
    "agent/recording/store/encryption.py::_bring_in": "tests/agent/recording/test_encryption.py::"
    "test_a_plug_that_is_pulled_amid_it_loses_nothing",
    "hub/store/petition_eraser.py::Erasures.finish": ASKED,
    "hub/store/petition_eraser.py::PetitionEraser._mark": ASKED,
    "hub/store/tip_keeping.py::_forget_contact": TIPS,
    "hub/store/tip_keeping.py::_forget": TIPS,
    "agent/recording/store/store.py::_unlink": ON_NODE
    + "test_no_bound_of_a_shelf_takes_what_is_held",
    "agent/recording/store/store.py::ClipStore._forget": ON_NODE
    + "test_a_hold_that_comes_while_the_shelf_decides_is_in_time",
    "agent/journal/footage.py::forget": ON_NODE + "test_no_bound_of_a_shelf_takes_what_is_held",
    "agent/journal/transaction.py::Transaction.forget_sound": ON_NODE
    + "test_the_sound_of_a_held_clip_stays_with_it",
    "agent/journal/holds.py::release": ON_NODE + "test_one_case_that_lets_go_frees_nothing",
    "agent/recording/store/leftovers.py::taken_in": ON_NODE
    + "test_a_restart_takes_in_what_is_held",
    "agent/recording/store/leftovers.py::mended_sound": ON_NODE
    + "test_the_sound_of_a_held_clip_stays_with_it",
    "agent/recording/store/repair.py::Repair._forget_vanished": ON_NODE
    + "test_a_restart_takes_in_what_is_held",
}

UNFINISHED = "a draft of its own, which had no name yet"
PEOPLE = "words about people and their devices"
DUTY = "who is on duty"
NOT_GIVEN = "what a household brought and had not handed over yet"
NO_FOOTAGE: Final = {
    "agent/cli/diagnose.py::diagnose": UNFINISHED,
    "hub/store/bundle_desk.py::BundleService.begin": "programs that came and were not taken in",
    "hub/store/bundle_desk.py::BundleService.drop": "programs that came and were not taken in",
    "hub/store/bundle_desk.py::BundleService.take": "programs that came and were not taken in",
    "agent/updates/install.py::install_fetched": "programs that came from the hub",
    "agent/cli/enrol.py::_commit": UNFINISHED,
    "agent/recording/mp4/mend.py::mend": "a file of which nothing plays",
    "agent/recording/mp4/mend.py::_cut": "bytes after the last that plays, once, after a power cut",
    "agent/recording/mp4/mend.py::_end_seal": "the end of a seal that did not fit",
    "agent/recording/store/store.py::ClipStore.keep_picture": UNFINISHED,
    "agent/recording/sound_writer.py::SoundWriter.abandon": UNFINISHED,
    "agent/recording/writer.py::ClipWriter.abandon": UNFINISHED,
    "agent/recording/store/encryption.py::_begin": "folders that are empty",
    "agent/recording/store/encryption.py::_copy": UNFINISHED,
    "agent/updates/slots.py::Slots._forget": "a note about a new version of the programs",
    "agent/updates/slots.py::Slots._point_to": UNFINISHED,
    "agent/updates/fetch.py::ReleaseFetch._bring": "programs on their way here",
    "agent/updates/fetch.py::ReleaseFetch._hand_over": "programs on their way here",
    "agent/updates/fetch.py::ReleaseFetch._part": "programs on their way here",
    "agent/updates/fetch.py::ReleaseFetch._write": "programs on their way here",
    "agent/journal/ballast.py::Ballast.drop": "a file of zeros that makes room",
    "agent/journal/eviction.py::note": "counts of what was dropped",
    "agent/journal/eviction.py::take_unsaid": "counts of what was dropped",
    "agent/journal/durable.py::write_whole": UNFINISHED,
    "agent/journal/footage.py::forget_alerted": "which sightings are alerts; no file",
    "agent/journal/journal.py::Journal._fold_log": "SQLite's own log, folded into its database",
    "agent/journal/resend.py::forget_oldest": "words that the hub has",
    "agent/journal/requested_spans.py::answered": "a question that was answered",
    "agent/journal/transaction.py::Transaction._forget_event": "words; files they tell of stay",
    "agent/journal/transaction.py::Transaction.prune": "words that the hub has; files stay",
    "agent/journal/transaction.py::Transaction.refuse": "words that do not read as words",
    "agent/journal/requested_files.py::forget_commands": "ids of commands that were done",
    "agent/journal/requested_files.py::fulfilled": "that somebody waits for a file",
    "hub/assembly/archive.py::ArchiveWriter.__init__": UNFINISHED,
    "hub/assembly/archive.py::ArchiveWriter.abort": UNFINISHED,
    "hub/assembly/backup.py::_drop_older": "older backups, where the keeper said how many stay",
    "hub/assembly/backup.py::_note_restore": PEOPLE,
    "hub/assembly/packing.py::_draft": UNFINISHED,
    "hub/assembly/packing.py::_forget_all": "packages half made when the hub ended; made anew",
    "hub/enrol/files.py::_write": UNFINISHED,
    "hub/evidence/package.py::_add_copy": "a redacted copy that is in its package",
    "hub/store/account_closing.py::_end_ways_in": PEOPLE,
    "hub/store/accounts.py::Accounts.sign_out": PEOPLE,
    "hub/store/arrivals.py::Arrivals._drop_parts": NOT_GIVEN,
    "hub/store/arrivals.py::Arrivals._keep": "a film whose request ended before it was filed",
    "hub/store/arrivals.py::Arrivals._take_one": UNFINISHED,
    "hub/store/blobs.py::BlobFolder.sweep": "calls `Staging.sweep`, below",
    "hub/store/bucket.py::BlobBucket.keep": "what is in the bucket by now",
    "hub/store/bucket.py::BlobBucket.sweep": "calls `Staging.sweep`, below",
    "hub/store/challenges.py::spend": PEOPLE,
    "hub/store/diagnosis_rows.py::_end_overdue": "what a box said of itself",
    "hub/store/diagnosis_rows.py::ask": "what a box said of itself",
    "hub/store/duty.py::change_team": DUTY,
    "hub/store/duty.py::drop_odd_day": DUTY,
    "hub/store/duty.py::drop_shift": DUTY,
    "hub/store/duty.py::drop_stand_in": DUTY,
    "hub/store/duty.py::leave": DUTY,
    "hub/store/duty.py::put_shift": DUTY,
    "hub/store/duty_plans.py::drop_plan": DUTY,
    "hub/store/giving_desk.py::GivingDesk.begin": NOT_GIVEN,
    "hub/store/giving_desk.py::GivingDesk.drop": NOT_GIVEN,
    "hub/store/giving_desk.py::GivingDesk.reject": NOT_GIVEN,
    "hub/store/guesses.py::forget": PEOPLE,
    "hub/store/guesses.py::wait_s": PEOPLE,
    "hub/store/health.py::note": "a box's temperatures of weeks ago",
    "hub/store/identities.py::Identities.unlink": PEOPLE,
    "hub/store/invitation_rows.py::come_in": PEOPLE,
    "hub/store/map_files.py::MapFiles._put": "tiles of the map",
    "hub/store/map_files.py::MapFiles.clear": "tiles of the map",
    "hub/store/notice_door.py::NoticeService.put_notice_file": "a notice's own picture",
    "hub/store/numbers.py::save": "numbers of words that came after all",
    "hub/store/passkeys.py::Passkeys.remove": PEOPLE,
    "hub/store/petition_keeping.py::_forget_contact": PEOPLE,
    "hub/store/phone_checks.py::ask": PEOPLE,
    "hub/store/phone_tests.py::owe": PEOPLE,
    "hub/store/proxies.py::Proxies.__init__": UNFINISHED,
    "hub/store/proxies.py::Proxies._make": UNFINISHED,
    "hub/store/session_rows.py::begin": PEOPLE,
    "hub/store/session_rows.py::end_of_person": PEOPLE,
    "hub/store/settings_groups.py::put_members": "which boxes share settings",
    "hub/assembly/snapshot.py::_restore_postgresql": "all tables, by the keeper's --force alone",
    "hub/assembly/snapshot.py::_restore_sqlite": UNFINISHED,
    "hub/assembly/snapshot.py::_sqlite_copy": UNFINISHED,
    "hub/store/staging.py::Incoming.abort": UNFINISHED,
    "hub/store/staging.py::Staging.sweep": "files on their way in that nobody ended for a day",
    "hub/web/provider_pages.py::unlink": "calls `Identities.unlink`, above",
    "hub/web/cases.py::_forget": "a package that was sent; made anew when it is asked for",
}


def test_every_place_that_deletes_is_known_here() -> None:
    assert not TRIED.keys() & NO_FOOTAGE.keys()
    assert places() == TRIED.keys() | NO_FOOTAGE.keys()


def test_every_place_that_may_delete_footage_has_its_test() -> None:
    for test in set(TRIED.values()):
        path, _, name = test.partition("::")
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), test
