"""Every function that deletes is tried under hold, or is known to delete no footage."""

from typing import Final

import pytest

from tests.house.deleting import ROOT, places

pytestmark = pytest.mark.promise("Cases and evidence: Nothing under hold is deleted.")

# What deletes, and which test tries it under hold. A place that is in neither table fails
# `test_every_place_that_deletes_is_known_here`: try it, and enter it.

HERE = "tests/hub/footage/test_nothing_under_hold_is_deleted.py::"
SHARED = "tests/hub/footage/test_shared_uploads.py::"
GIVEN = (
    "tests/hub/public/test_households.py::"
    "test_a_film_is_held_until_its_case_lets_it_go_and_removed_with_proof"
)
ASKED = (
    "tests/hub/public/test_data_request_eraser.py::"
    "test_what_is_held_is_refused_with_its_reason_and_nothing_of_it_goes"
)
TIPS = "tests/hub/public/test_tip_retention.py::test_what_a_case_needs_stays"
MONTHS = "tests/hub/app/test_dropped_months.py::"
ON_NODE = "tests/agent/recording/test_nothing_held_goes.py::"
TRIED: Final = {
    "hub/base/db/months.py::drop": MONTHS + "test_what_is_held_stays_until_its_hold_ends",
    "hub/app/months/dropping.py::_put_back": MONTHS
    + "test_a_hold_that_comes_while_its_month_is_taken_out_is_in_time",
    "hub/footage/retention/remover.py::Remover._remove": HERE
    + "test_no_rule_and_no_full_disk_takes_it",
    "hub/footage/retention/remover.py::_mark": HERE + "test_a_hold_that_comes_between_is_in_time",
    "hub/base/storage/blobs.py::BlobFolder.remove": HERE + "test_no_rule_and_no_full_disk_takes_it",
    "hub/base/storage/s3.py::BlobBucket.remove": HERE + "test_no_rule_and_no_full_disk_takes_it",
    "hub/footage/retention/reconcile.py::Reconciler._remove_orphan": HERE
    + "test_what_a_restored_hub_cannot_know_it_does_not_remove",
    "hub/footage/retention/reconcile.py::Reconciler._note_lost": HERE
    + "test_a_store_called_lost_by_the_keeper_is_there_again_when_its_disk_is",
    "hub/footage/retention/reconcile.py::Reconciler.remove_copies": HERE
    + "test_its_small_copy_may_go_and_it_stays",
    "hub/footage/transcoding/proxies.py::Proxies.forget": HERE
    + "test_its_small_copy_may_go_and_it_stays",
    "hub/footage/transcoding/ahead.py::CopyQueue._forget_if_gone": HERE
    + "test_its_small_copy_may_go_and_it_stays",
    "hub/footage/playback/service.py::PlaybackService.open_copy": HERE
    + "test_its_small_copy_may_go_and_it_stays",
    "hub/footage/transcoding/proxies.py::Proxies._make_room": HERE
    + "test_its_small_copy_may_go_and_it_stays",
    "hub/base/storage/partial_files.py::PartialFiles.sweep": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/base/storage/partial_files.py::PartialFiles._make_room_among": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/base/storage/partial_files.py::PartialFiles.drop": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/base/storage/partial_files.py::PartialFiles.set_aside": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/base/storage/shared_parts.py::SharedParts.drop": SHARED
    + "test_the_true_beginning_of_a_held_file_stays_when_its_end_is_wrong",
    "hub/base/storage/shared_parts.py::SharedParts.hand_over": SHARED
    + "test_what_came_of_a_held_clip_stays_under_each_of_its_names",
    "hub/base/storage/shared_parts.py::SharedParts._remove_unneeded": SHARED
    + "test_a_stored_file_that_is_a_piece_too_stays",
    "hub/footage/upload/service.py::Uploads.keep": SHARED
    + "test_what_came_of_a_held_clip_stays_under_each_of_its_names",
    "hub/footage/upload/service.py::Uploads.forget_free": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/footage/upload/service.py::Uploads.forget_wrong": HERE
    + "test_a_node_cannot_throw_away_what_came_of_a_held_file",
    "hub/footage/upload/service.py::Uploads._sweep": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/footage/growing/clips.py::GrowingClips.forget": HERE
    + "test_what_came_while_it_was_recorded_goes_only_when_the_whole_is_there",
    "hub/footage/growing/salvage.py::Salvage._take": HERE
    + "test_what_came_of_it_before_its_node_died_stays",
    "hub/public/households/arrivals.py::ArrivalQueue._remove": GIVEN,
    "agent/recording/store/encryption.py::_bring_in": "tests/agent/recording/test_encryption.py::"
    "test_a_plug_that_is_pulled_amid_it_loses_nothing",
    "hub/public/data_requests/eraser.py::PendingErasures.finish": ASKED,
    "hub/public/data_requests/eraser.py::DataRequestEraser._mark": ASKED,
    "hub/public/tips/retention.py::_forget_contact": TIPS,
    "hub/public/tips/retention.py::_forget": TIPS,
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
PROGRAMS = "programs and units of a version that is not used"
NO_FOOTAGE: Final = {
    "hub/cases/seal_checks.py::SealChecks._judge": "the last verdict on a seal; a new one follows",
    "agent/cli/diagnose.py::diagnose": UNFINISHED,
    "hub/nodes/releases/upload.py::BundleService.begin": "programs that came and were not taken in",
    "hub/nodes/releases/upload.py::BundleService.drop": "programs that came and were not taken in",
    "hub/nodes/releases/upload.py::BundleService.take": "programs that came and were not taken in",
    "agent/updates/install.py::install_fetched": "programs that came from the hub",
    "agent/updates/install.py::_clear": "programs that came from the hub",
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
    "hub/app/backup/archive.py::Draft.__init__": UNFINISHED,
    "hub/app/backup/archive.py::Draft.abort": UNFINISHED,
    "hub/app/backup/archive.py::encrypt_file": "a backup in the clear, once it is encrypted",
    "hub/app/backup/backup.py::_drop_unfinished": UNFINISHED,
    "hub/app/backup/backup.py::_drop_older": "older backups, where the keeper said how many stay",
    "hub/app/backup/backup.py::_note_restore": PEOPLE,
    "hub/app/upgrade/steps.py::Upgrade._bring_copies_back": PROGRAMS,
    "hub/app/upgrade/steps.py::Upgrade._clear": PROGRAMS,
    "hub/app/upgrade/steps.py::Upgrade._point_to": UNFINISHED,
    "hub/app/upgrade/steps.py::Upgrade._tidy": PROGRAMS,
    "hub/app/upgrade/steps.py::_remove": "a copy of the database that no return needs any more",
    "hub/app/upgrade/steps.py::copy_sqlite": UNFINISHED,
    "hub/app/upgrade/steps.py::put_back": "a database that nobody has written into since the copy",
    "hub/cases/evidence/packing.py::_draft": UNFINISHED,
    "hub/cases/evidence/packing.py::_forget_old": "packages that an old hub left; made anew",
    "hub/base/private_files.py::_write": UNFINISHED,
    "hub/cases/evidence/package.py::_add_copy": "a redacted copy that is in its package",
    "hub/console/accounts/closing.py::_end_ways_in": PEOPLE,
    "hub/access/signin/accounts.py::Accounts.sign_out": PEOPLE,
    "hub/public/households/arrivals.py::ArrivalQueue._drop_parts": NOT_GIVEN,
    "hub/public/households/arrivals.py::ArrivalQueue._keep": (
        "a film whose request ended before it was filed"
    ),
    "hub/public/households/arrivals.py::_another": "a second name of a part; the part stays",
    "hub/public/households/arrivals.py::ArrivalQueue._take_one": UNFINISHED,
    "hub/base/storage/blobs.py::BlobFolder.sweep": "calls `Staging.sweep`, below",
    "hub/base/storage/s3.py::BlobBucket.keep": "what is in the bucket by now",
    "hub/base/storage/shared_parts.py::SharedPartWriter.close": "what is in the bucket by now",
    "hub/base/storage/shared_parts.py::SharedParts._take_in_from_before": (
        "what is in the bucket by now"
    ),
    "hub/base/storage/shared_parts.py::SharedParts._sweep_disk": "copies, and requests of long ago",
    "hub/base/storage/shared_parts.py::SharedParts._join": UNFINISHED,
    "hub/base/storage/shared_parts.py::SharedParts._rewritten": UNFINISHED,
    "hub/base/storage/shared_parts.py::SharedParts.bring": UNFINISHED,
    "hub/base/storage/s3.py::BlobBucket.sweep": "calls `Staging.sweep`, below",
    "hub/access/signin/challenges.py::spend": PEOPLE,
    "hub/nodes/diagnostics/rows.py::_end_overdue": "what a box said of itself",
    "hub/nodes/diagnostics/rows.py::ask": "what a box said of itself",
    "hub/alerting/oncall/rows.py::change_team": DUTY,
    "hub/alerting/oncall/rows.py::drop_exception": DUTY,
    "hub/alerting/oncall/rows.py::drop_shift": DUTY,
    "hub/alerting/oncall/rows.py::drop_substitute": DUTY,
    "hub/alerting/oncall/rows.py::leave": DUTY,
    "hub/alerting/oncall/rows.py::put_shift": DUTY,
    "hub/alerting/oncall/plan_rows.py::drop_plan": DUTY,
    "hub/public/households/upload_service.py::HouseholdUploadService.begin": NOT_GIVEN,
    "hub/public/households/upload_service.py::HouseholdUploadService.drop": NOT_GIVEN,
    "hub/public/households/upload_service.py::HouseholdUploadService.reject": NOT_GIVEN,
    "hub/access/signin/attempts.py::forget": PEOPLE,
    "hub/access/signin/attempts.py::wait_s": PEOPLE,
    "hub/registry/health.py::note": "a box's temperatures of weeks ago",
    "hub/access/signin/identities.py::Identities.unlink": PEOPLE,
    "hub/access/signin/invitation_rows.py::come_in": PEOPLE,
    "hub/places/map/ground.py::MapFiles._put": "tiles of the map",
    "hub/places/map/ground.py::MapFiles.clear": "tiles of the map",
    "hub/public/notices/service.py::NoticeService.put_notice_file": "a notice's own picture",
    "hub/nodes/spool/gaps.py::save": "numbers of words that came after all",
    "hub/access/signin/passkeys.py::Passkeys.remove": PEOPLE,
    "hub/public/data_requests/retention.py::_forget_contact": PEOPLE,
    "hub/notify/phones/heartbeat_rows.py::ask": PEOPLE,
    "hub/nodes/commissioning/alert_test_rows.py::enqueue": PEOPLE,
    "hub/footage/transcoding/proxies.py::Proxies._make": UNFINISHED,
    "hub/access/signin/session_rows.py::begin": PEOPLE,
    "hub/access/signin/session_rows.py::end_of_person": PEOPLE,
    "hub/nodes/desired_state/groups.py::put_members": "which boxes share settings",
    "hub/app/months/dropping.py::MonthDropper._forget_ids": "ids of events that are gone",
    "hub/base/db/months.py::_join": "parts of a table without a row; with one it refuses",
    "hub/app/backup/snapshot.py::_restore_postgresql": "all tables, by the keeper's --force alone",
    "hub/app/backup/snapshot.py::_restore_sqlite": UNFINISHED,
    "hub/app/backup/snapshot.py::_sqlite_copy": UNFINISHED,
    "hub/base/storage/staging.py::Incoming.abort": UNFINISHED,
    "hub/base/storage/staging.py::Staging.sweep": (
        "files on their way in, and drafts of copies, that nobody ended"
    ),
    "hub/access/oidc/pages.py::unlink": "calls `Identities.unlink`, above",
}


def test_every_place_that_deletes_is_known_here() -> None:
    assert not TRIED.keys() & NO_FOOTAGE.keys()
    assert places() == TRIED.keys() | NO_FOOTAGE.keys()


def test_every_place_that_may_delete_footage_has_its_test() -> None:
    for test in set(TRIED.values()):
        path, _, name = test.partition("::")
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), test
