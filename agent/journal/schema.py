"""Tables of the journal, and the marks that identify its file."""

from typing import Final

APPLICATION_ID: Final = 0x4D74546E
"""`MtTn` in the file's header: a node's journal, not another program's database."""

SCHEMA_VERSION: Final = 6

PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",  # one fsync per commit, and readers never wait for the writer
    "PRAGMA synchronous=FULL",  # a power cut loses nothing that was committed
    "PRAGMA wal_autocheckpoint=250",  # the log stays at a megabyte, which a full disk still has
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
)

TABLES: Final = """
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,   -- spool_id, footage_mount, ...
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,   -- dropped, refused, media_done, media_refused, ...
    value INTEGER NOT NULL    -- since the file was born
) WITHOUT ROWID;

CREATE TABLE events (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, also after a delete
    event_id         TEXT    NOT NULL UNIQUE,
    priority         INTEGER NOT NULL,  -- 0 alerts, 1 others, 2 asked for again; lower goes first
    kind             TEXT    NOT NULL,
    body             TEXT    NOT NULL,  -- JSON of agent.wire.messages.Body
    mono_ns          INTEGER NOT NULL,  -- means something only within boot_id
    boot_id          TEXT    NOT NULL,
    utc_us           INTEGER NOT NULL,  -- microseconds since 1970
    clock_source     TEXT    NOT NULL,  -- ntp, gps, rtc, none
    clock_error_ms   INTEGER,           -- null: no bound can be given
    receipted_utc_us INTEGER            -- null: still owed to the hub
);
CREATE INDEX events_waiting ON events (priority, seq) WHERE receipted_utc_us IS NULL;
CREATE INDEX events_receipted ON events (receipted_utc_us) WHERE receipted_utc_us IS NOT NULL;

CREATE TABLE set_aside (
    event_id TEXT PRIMARY KEY,
    seq      INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    reason   TEXT    NOT NULL,          -- agent.wire.answers.RefusalReason, or `unreadable`
    detail   TEXT    NOT NULL,
    at_utc_us INTEGER NOT NULL
);

CREATE TABLE unsaid_drops (             -- numbers that will never come, not yet told to the hub
    first_seq INTEGER PRIMARY KEY,
    last_seq  INTEGER NOT NULL
);

CREATE TABLE media (
    sha256      TEXT    NOT NULL,
    event_id    TEXT    NOT NULL,       -- the event that announces it
    kind        TEXT    NOT NULL,       -- picture, clip
    path        TEXT    NOT NULL,
    size_bytes  INTEGER NOT NULL,
    state       TEXT    NOT NULL,       -- waiting (for its event), due, done, refused
    reason      TEXT    NOT NULL,       -- why refused, else empty
    added_utc_us INTEGER NOT NULL,
    footage_class TEXT NOT NULL DEFAULT 'sighting',  -- of a picture; a clip's is in `clips`
    PRIMARY KEY (sha256, event_id)
);
CREATE INDEX media_by_event ON media (event_id);
CREATE INDEX media_by_state ON media (state);

CREATE TABLE clips (
    clip_id            TEXT PRIMARY KEY,
    camera             TEXT    NOT NULL,
    path               TEXT    NOT NULL,
    sha256             TEXT    NOT NULL,
    size_bytes         INTEGER NOT NULL,
    first_frame_utc_us INTEGER NOT NULL,
    duration_ms        INTEGER NOT NULL,
    sighting_ids       TEXT    NOT NULL, -- JSON list
    clip_class         TEXT    NOT NULL, -- agent.journal.rows.FootageClass
    added_utc_us       INTEGER NOT NULL
);
CREATE INDEX clips_by_age ON clips (first_frame_utc_us);
CREATE INDEX clips_by_sha256 ON clips (sha256);
"""

RULINGS: Final = """
CREATE TABLE holds (                    -- files that nothing may remove, and for which case
    hold_id      TEXT    NOT NULL,
    sha256       TEXT    NOT NULL,      -- whether or not the file is here
    case_number  TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    since_utc_us INTEGER NOT NULL,
    PRIMARY KEY (hold_id, sha256)
) WITHOUT ROWID;
CREATE INDEX holds_by_sha256 ON holds (sha256);

CREATE TABLE alerted (                  -- sightings that raised or joined an alert at the hub
    sighting_id TEXT PRIMARY KEY,
    at_utc_us   INTEGER NOT NULL
) WITHOUT ROWID;
"""
"""Answers of the hub about footage."""

WISHES: Final = """
CREATE TABLE wishes (                   -- files that somebody at the hub waits for
    sha256     TEXT PRIMARY KEY,
    at_utc_us  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE commands (                 -- done already: the hub repeats what it heard no answer to
    command_id TEXT PRIMARY KEY,
    at_utc_us  INTEGER NOT NULL
) WITHOUT ROWID;
"""
"""Requests of the hub."""

SPAN_HOLDS: Final = """
CREATE TABLE span_holds (               -- what a camera shows in a span, whether here yet or not
    hold_id      TEXT PRIMARY KEY,
    camera       TEXT    NOT NULL,
    from_utc_us  INTEGER NOT NULL,
    until_utc_us INTEGER NOT NULL,      -- the end of the year 9999: open
    case_number  TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    since_utc_us INTEGER NOT NULL
) WITHOUT ROWID;
"""

SPANS_WANTED: Final = """
CREATE TABLE spans_wanted (             -- what a camera showed, asked for and not yet answered
    command_id   TEXT PRIMARY KEY,
    camera       TEXT    NOT NULL,
    from_utc_us  INTEGER NOT NULL,
    until_utc_us INTEGER NOT NULL
) WITHOUT ROWID;
"""

SPANS_WITH_SOUND: Final = """
ALTER TABLE spans_wanted ADD COLUMN with_sound INTEGER NOT NULL DEFAULT 0;
"""

MIGRATIONS: Final = {
    # Footage of alerts is unknown here: all of it gets the most important class.
    1: """
ALTER TABLE media ADD COLUMN footage_class TEXT NOT NULL DEFAULT 'sighting';
UPDATE media SET footage_class = 'alert';
CREATE INDEX clips_by_sha256 ON clips (sha256);
"""
    + RULINGS,
    2: WISHES,
    3: SPAN_HOLDS,
    4: SPANS_WANTED,
    5: SPANS_WITH_SOUND,
}
"""By starting version: steps from a file of an older agent to the next version."""
