PRAGMA application_id=1299469422;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE clips (
    clip_id            TEXT PRIMARY KEY,
    camera             TEXT    NOT NULL,
    path               TEXT    NOT NULL,
    sha256             TEXT    NOT NULL,
    size_bytes         INTEGER NOT NULL,
    first_frame_utc_us INTEGER NOT NULL,
    duration_ms        INTEGER NOT NULL,
    sighting_ids       TEXT    NOT NULL, -- JSON list
    clip_class         TEXT    NOT NULL, -- what the shelf keeps longest
    added_utc_us       INTEGER NOT NULL
);
INSERT INTO "clips" VALUES('00000000-0000-0000-0000-000000000002','cam','/clips/c.mp4','abababababababababababababababababababababababababababababababab',10,1790000000000000,100,'["00000000-0000-0000-0000-000000000007"]','alert',1790000000000000);
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,   -- dropped, refused, media_done, media_refused
    value INTEGER NOT NULL    -- since the file was born
) WITHOUT ROWID;
CREATE TABLE events (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, also after a delete
    event_id         TEXT    NOT NULL UNIQUE,
    priority         INTEGER NOT NULL,  -- 0 alerts, 1 all others; lower goes first, drops last
    kind             TEXT    NOT NULL,
    body             TEXT    NOT NULL,  -- JSON of agent.wire.messages.Body
    mono_ns          INTEGER NOT NULL,  -- means something only within boot_id
    boot_id          TEXT    NOT NULL,
    utc_us           INTEGER NOT NULL,  -- microseconds since 1970
    clock_source     TEXT    NOT NULL,  -- ntp, gps, rtc, none
    clock_error_ms   INTEGER,           -- null: no bound can be given
    receipted_utc_us INTEGER            -- null: still owed to the hub
);
INSERT INTO "events" VALUES(1,'01a0c450-6c00-7002-8d1d-35545e82729a',1,'camera_lost','{"kind":"camera_lost","camera":"cam","reason":"dark"}',1,'00000000-0000-0000-0000-000000000001',1790000000000000,'none',NULL,NULL);
CREATE TABLE media (
    sha256      TEXT    NOT NULL,
    event_id    TEXT    NOT NULL,       -- the event that announces it
    kind        TEXT    NOT NULL,       -- picture, clip
    path        TEXT    NOT NULL,
    size_bytes  INTEGER NOT NULL,
    state       TEXT    NOT NULL,       -- waiting (for its event), due, done, refused
    reason      TEXT    NOT NULL,       -- why refused, else empty
    added_utc_us INTEGER NOT NULL,
    PRIMARY KEY (sha256, event_id)
);
INSERT INTO "media" VALUES('abababababababababababababababababababababababababababababababab','01a0c450-6c00-7002-8d1d-35545e82729a','clip','/clips/c.mp4',10,'waiting','',1790000000000000);
INSERT INTO "media" VALUES('cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','01a0c450-6c00-7002-8d1d-35545e82729a','picture','/clips/p.jpg',5,'waiting','',1790000000000000);
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,   -- spool_id
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('spool_id','01a0c450-6c00-7001-8f62-f52cb0a31500');
CREATE TABLE set_aside (
    event_id TEXT PRIMARY KEY,
    seq      INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    reason   TEXT    NOT NULL,          -- agent.wire.messages.RefusalReason, or `unreadable`
    detail   TEXT    NOT NULL,
    at_utc_us INTEGER NOT NULL
);
CREATE TABLE unsaid_drops (             -- numbers that will never come, not yet told to the hub
    first_seq INTEGER PRIMARY KEY,
    last_seq  INTEGER NOT NULL
);
CREATE INDEX events_waiting ON events (priority, seq) WHERE receipted_utc_us IS NULL;
CREATE INDEX events_receipted ON events (receipted_utc_us) WHERE receipted_utc_us IS NOT NULL;
CREATE INDEX media_by_event ON media (event_id);
CREATE INDEX media_by_state ON media (state);
CREATE INDEX clips_by_age ON clips (first_frame_utc_us);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',1);
COMMIT;
