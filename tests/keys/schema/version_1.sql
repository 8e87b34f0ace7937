-- A store as version 1.0.0 wrote it. Never edited: new versions must open it.
CREATE TABLE account (
    id TEXT PRIMARY KEY CHECK (length(id) = 6),
    uid_secret BLOB NOT NULL CHECK (length(uid_secret) = 32),
    created_at INTEGER NOT NULL,
    per_minute INTEGER,
    per_day INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE key (
    id TEXT PRIMARY KEY CHECK (length(id) = 10),
    account TEXT NOT NULL REFERENCES account (id) CHECK (account = substr(id, 1, 6)),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    suspended_at INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX key_by_account ON key (account, created_at, id);
CREATE TABLE usage (
    account TEXT NOT NULL REFERENCES account (id),
    day INTEGER NOT NULL,  -- days since 1970-01-01, UTC
    requests INTEGER NOT NULL,
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;
CREATE TABLE spent (
    token BLOB PRIMARY KEY,  -- SHA-256 of a one-time token
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_by_end ON spent (expires_at);
INSERT INTO account VALUES ('Ab3kQx', x'7575757575757575757575757575757575757575757575757575757575757575', 1795305600, NULL, 500);
INSERT INTO key VALUES (
    'Ab3kQx0001', 'Ab3kQx', x'6464646464646464646464646464646464646464646464646464646464646464', 'Agenda de l’été',
    1795305600, 1800000000, NULL, 1795400000, 1795350000
);
INSERT INTO usage VALUES ('Ab3kQx', 20778, 41), ('Ab3kQx', 20779, 7);
INSERT INTO secret VALUES ('site', x'7373737373737373737373737373737373737373737373737373737373737373');
INSERT INTO spent VALUES (x'3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0', 4000000000);
PRAGMA user_version = 1;
