-- +goose Up

-- Whose orders these are: app_id, offer_id, env and protocol, and what was ever changed of them on purpose.
CREATE TABLE midas_identity (
    name  TEXT    NOT NULL PRIMARY KEY,
    value TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    who   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Servers that work on the orders. seen_at is by the database's clock; left_at is 0 while a server has not left by itself.
CREATE TABLE midas_servers (
    id      TEXT    NOT NULL PRIMARY KEY,
    who     TEXT    NOT NULL,
    machine TEXT    NOT NULL,
    pid     INTEGER NOT NULL,
    fleet   INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    left_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE midas_servers;
DROP TABLE midas_identity;
