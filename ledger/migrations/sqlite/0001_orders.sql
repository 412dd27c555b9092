-- +goose Up

-- Every time is in milliseconds since 1970; 0 stands for "none".
CREATE TABLE midas_orders (
    bill_no      TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    openid       TEXT    NOT NULL,
    zone_id      TEXT    NOT NULL,
    request_id   TEXT    NOT NULL,
    item_id      TEXT    NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    amount       INTEGER NOT NULL CHECK (amount > 0),
    user_ip      TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    unsure_since INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    parked       INTEGER NOT NULL,
    code         INTEGER NOT NULL,
    rid          TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    delivered_at INTEGER NOT NULL,
    -- The same request of the same player is the same order for ever.
    UNIQUE (openid, kind, request_id)
) STRICT, WITHOUT ROWID;

-- What is still to be worked on, and nothing else: ended orders have due_at 0 and are not in it.
CREATE INDEX midas_orders_due ON midas_orders (due_at) WHERE due_at > 0;
CREATE INDEX midas_orders_parked ON midas_orders (openid) WHERE parked = 1;
-- Bill numbers grow with time, so this lists a player's orders newest first.
CREATE INDEX midas_orders_player ON midas_orders (openid, bill_no);
CREATE INDEX midas_orders_created ON midas_orders (created_at);

-- What happened to each order. Rows are added and never changed.
CREATE TABLE midas_history (
    bill_no    TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    who        TEXT    NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    code       INTEGER NOT NULL,
    rid        TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    PRIMARY KEY (bill_no, version)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER midas_history_is_kept BEFORE UPDATE ON midas_history
BEGIN SELECT RAISE(ABORT, 'the history of an order is never changed'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE midas_history;
DROP TABLE midas_orders;
