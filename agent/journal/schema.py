"""Room rule: what the journal's file looks like, as numbered steps. Runs nothing itself.

A step that was released is never edited: a change is the next step, and an old database of each
version stays in the tests. `PRAGMA user_version` says how many steps a file has taken.
"""

# "well": tells the journal from any other SQLite file.
APPLICATION_ID = 0x77656C6C

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE records(
            number INTEGER PRIMARY KEY,
            at_utc_ms INTEGER NOT NULL,
            trusted INTEGER NOT NULL,
            kind TEXT NOT NULL,
            body BLOB,
            digest BLOB,
            hash BLOB NOT NULL
        ) STRICT""",
        # Samples are all but a few of the records and are found by number alone.
        "CREATE INDEX events ON records(kind, number) WHERE kind <> 'sample'",
        # Epoch, ledger checkpoint, cursors, book. One small table, so that a scan dirties one page.
        "CREATE TABLE kept(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
        """CREATE TABLE parked(
            client TEXT NOT NULL,
            number INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY(client, number)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # What is left of a record whose body was given up: 58 bytes of the 124 that a sample has.
        # Its hash can be reckoned from the digest, and is kept only where the next record is whole.
        """CREATE TABLE pruned(
            number INTEGER PRIMARY KEY,
            at_utc_ms INTEGER NOT NULL,
            trusted INTEGER NOT NULL,
            kind TEXT NOT NULL,
            digest BLOB NOT NULL,
            hash BLOB
        ) STRICT""",
        """INSERT INTO pruned SELECT number, at_utc_ms, trusted, kind, digest, hash FROM records
            WHERE body IS NULL AND digest IS NOT NULL""",
        "DELETE FROM records WHERE number IN (SELECT number FROM pruned)",
        "ALTER TABLE records DROP COLUMN digest",
    ),
)

# What a reader lays over a file that has taken so many steps, so that it reads like the newest: a
# name of its own is found before the file's. An earlier epoch's file stays as it was left.
OVERLAYS: tuple[tuple[str, ...], ...] = (
    (),  # no journal yet
    (
        """CREATE TEMP VIEW pruned AS SELECT number, at_utc_ms, trusted, kind, digest, hash
            FROM main.records WHERE body IS NULL AND digest IS NOT NULL""",
        """CREATE TEMP VIEW records AS SELECT number, at_utc_ms, trusted, kind, body, hash
            FROM main.records WHERE body IS NOT NULL OR digest IS NULL""",
    ),
)

KEEP = "INSERT INTO kept VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"
