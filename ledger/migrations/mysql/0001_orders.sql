-- +goose Up

-- Every time is in milliseconds since 1970; 0 stands for "none". Ids are VARBINARY, so that they are compared byte by
-- byte: a collation would take "a" and "a " for the same.
CREATE TABLE midas_orders (
    bill_no      VARBINARY(64)  NOT NULL PRIMARY KEY,
    kind         VARBINARY(16)  NOT NULL,
    openid       VARBINARY(128) NOT NULL,
    zone_id      VARBINARY(64)  NOT NULL,
    request_id   VARBINARY(64)  NOT NULL,
    item_id      VARBINARY(64)  NOT NULL,
    quantity     BIGINT         NOT NULL CHECK (quantity > 0),
    amount       BIGINT         NOT NULL CHECK (amount > 0),
    user_ip      VARBINARY(64)  NOT NULL,
    state        VARBINARY(16)  NOT NULL,
    version      BIGINT         NOT NULL,
    attempts     BIGINT         NOT NULL,
    unsure_since BIGINT         NOT NULL,
    due_at       BIGINT         NOT NULL,
    parked       TINYINT        NOT NULL,
    code         BIGINT         NOT NULL,
    rid          VARBINARY(64)  NOT NULL,
    note         VARBINARY(1024) NOT NULL,
    created_at   BIGINT         NOT NULL,
    updated_at   BIGINT         NOT NULL,
    delivered_at BIGINT         NOT NULL,
    -- The same request of the same player is the same order for ever.
    UNIQUE KEY midas_orders_request (openid, kind, request_id),
    -- Ended orders have due_at 0.
    KEY midas_orders_due (due_at),
    KEY midas_orders_parked (openid, parked),
    -- Bill numbers grow with time, so this lists a player's orders newest first.
    KEY midas_orders_player (openid, bill_no),
    KEY midas_orders_created (created_at)
) ENGINE = InnoDB;

-- What happened to each order. Rows are added and never changed.
CREATE TABLE midas_history (
    bill_no    VARBINARY(64) NOT NULL,
    version    BIGINT        NOT NULL,
    at         BIGINT        NOT NULL,
    who        VARBINARY(128) NOT NULL,
    from_state VARBINARY(16) NOT NULL,
    to_state   VARBINARY(16) NOT NULL,
    code       BIGINT        NOT NULL,
    rid        VARBINARY(64) NOT NULL,
    note       VARBINARY(1024) NOT NULL,
    PRIMARY KEY (bill_no, version)
) ENGINE = InnoDB;

-- +goose Down
DROP TABLE midas_history;
DROP TABLE midas_orders;
