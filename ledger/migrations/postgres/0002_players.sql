-- +goose Up

CREATE TABLE midas_players (
    openid         TEXT COLLATE "C" NOT NULL,
    zone_id        TEXT COLLATE "C" NOT NULL,
    save_amt       BIGINT NOT NULL,
    -- What Midas said the player had spent and been given before this ledger kept the books.
    spent_before   BIGINT NOT NULL,
    present_before BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (openid, zone_id)
);

CREATE TABLE midas_sessions (
    openid     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sealed     BYTEA  NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE midas_recharges (
    openid       TEXT COLLATE "C" NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    zone_id      TEXT COLLATE "C" NOT NULL,
    out_trade_no TEXT COLLATE "C" NOT NULL, -- protocol V2; empty in V1
    buy_quantity BIGINT NOT NULL CHECK (buy_quantity > 0),
    state        TEXT   NOT NULL,
    coins        BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (openid, request_id)
);

CREATE INDEX midas_recharges_open ON midas_recharges (openid, zone_id, created_at) WHERE state <> 'credited';

-- +goose Down
DROP TABLE midas_recharges;
DROP TABLE midas_sessions;
DROP TABLE midas_players;
