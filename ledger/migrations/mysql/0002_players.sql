-- +goose Up

CREATE TABLE midas_players (
    openid         VARBINARY(128) NOT NULL,
    zone_id        VARBINARY(64)  NOT NULL,
    save_amt       BIGINT NOT NULL,
    -- What Midas said the player had spent and been given before this ledger kept the books.
    spent_before   BIGINT NOT NULL,
    present_before BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (openid, zone_id)
) ENGINE = InnoDB;

CREATE TABLE midas_sessions (
    openid     VARBINARY(128) NOT NULL PRIMARY KEY,
    sealed     VARBINARY(1024) NOT NULL,
    updated_at BIGINT NOT NULL
) ENGINE = InnoDB;

CREATE TABLE midas_recharges (
    openid       VARBINARY(128) NOT NULL,
    request_id   VARBINARY(64)  NOT NULL,
    zone_id      VARBINARY(64)  NOT NULL,
    out_trade_no VARBINARY(64)  NOT NULL, -- protocol V2; empty in V1
    buy_quantity BIGINT NOT NULL CHECK (buy_quantity > 0),
    state        VARBINARY(16)  NOT NULL,
    coins        BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (openid, request_id),
    KEY midas_recharges_open (openid, zone_id, created_at)
) ENGINE = InnoDB;

-- +goose Down
DROP TABLE midas_recharges;
DROP TABLE midas_sessions;
DROP TABLE midas_players;
