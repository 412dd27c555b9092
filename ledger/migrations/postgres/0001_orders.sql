-- +goose Up

-- Every time is in milliseconds since 1970; 0 stands for "none". Ids are compared byte by byte.
CREATE TABLE midas_orders (
    bill_no      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    openid       TEXT COLLATE "C" NOT NULL,
    zone_id      TEXT COLLATE "C" NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    item_id      TEXT COLLATE "C" NOT NULL,
    quantity     BIGINT   NOT NULL CHECK (quantity > 0),
    amount       BIGINT   NOT NULL CHECK (amount > 0),
    user_ip      TEXT     NOT NULL,
    state        TEXT     NOT NULL,
    version      BIGINT   NOT NULL,
    attempts     BIGINT   NOT NULL,
    unsure_since BIGINT   NOT NULL,
    due_at       BIGINT   NOT NULL,
    parked       SMALLINT NOT NULL,
    code         BIGINT   NOT NULL,
    rid          TEXT     NOT NULL,
    note         TEXT     NOT NULL,
    created_at   BIGINT   NOT NULL,
    updated_at   BIGINT   NOT NULL,
    delivered_at BIGINT   NOT NULL,
    -- The same request of the same player is the same order for ever.
    UNIQUE (openid, kind, request_id)
);

-- What is still to be worked on, and nothing else: ended orders have due_at 0 and are not in it.
CREATE INDEX midas_orders_due ON midas_orders (due_at) WHERE due_at > 0;
CREATE INDEX midas_orders_parked ON midas_orders (openid) WHERE parked = 1;
-- Bill numbers grow with time, so this lists a player's orders newest first.
CREATE INDEX midas_orders_player ON midas_orders (openid, bill_no);
CREATE INDEX midas_orders_created ON midas_orders (created_at);

-- What happened to each order. Rows are added and never changed.
CREATE TABLE midas_history (
    bill_no    TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    who        TEXT   NOT NULL,
    from_state TEXT   NOT NULL,
    to_state   TEXT   NOT NULL,
    code       BIGINT NOT NULL,
    rid        TEXT   NOT NULL,
    note       TEXT   NOT NULL,
    PRIMARY KEY (bill_no, version)
);

-- +goose StatementBegin
CREATE FUNCTION midas_history_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the history of an order is never changed'; END $$;
-- +goose StatementEnd
CREATE TRIGGER midas_history_is_kept BEFORE UPDATE ON midas_history
    FOR EACH ROW EXECUTE FUNCTION midas_history_is_kept();

-- +goose Down
DROP TABLE midas_history;
DROP FUNCTION midas_history_is_kept;
DROP TABLE midas_orders;
