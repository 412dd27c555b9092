-- +goose Up

CREATE TABLE midas_players (
    openid       TEXT    NOT NULL,
    zone_id      TEXT    NOT NULL,
    save_amt     INTEGER NOT NULL,
    -- What Midas said the player had spent and been given before this ledger kept the books.
    spent_before   INTEGER NOT NULL,
    present_before INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (openid, zone_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE midas_sessions (
    openid     TEXT    NOT NULL PRIMARY KEY,
    sealed     BLOB    NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE midas_recharges (
    openid       TEXT    NOT NULL,
    request_id   TEXT    NOT NULL,
    zone_id      TEXT    NOT NULL,
    out_trade_no TEXT    NOT NULL, -- protocol V2; empty in V1
    buy_quantity INTEGER NOT NULL CHECK (buy_quantity > 0),
    state        TEXT    NOT NULL,
    coins        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (openid, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX midas_recharges_open ON midas_recharges (openid, zone_id, created_at) WHERE state <> 'credited';

-- +goose Down
DROP TABLE midas_recharges;
DROP TABLE midas_sessions;
DROP TABLE midas_players;
