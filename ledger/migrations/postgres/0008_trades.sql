-- +goose Up

-- Of goods: what the player really paid, in fen; 0 while nobody has said it. A discount makes it less than amount.
ALTER TABLE midas_orders ADD COLUMN paid BIGINT NOT NULL DEFAULT 0;

-- Every refund once, by Midas's own name for it, and what the host was told of it: the same for ever.
CREATE TABLE midas_refunds (
    refund_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bill_no    TEXT COLLATE "C" NOT NULL,
    of_trade   TEXT COLLATE "C" NOT NULL,
    fen        BIGINT   NOT NULL,
    decided_at BIGINT   NOT NULL,
    granted    SMALLINT NOT NULL,
    whole      SMALLINT NOT NULL
);

-- Pushes that were rightly signed and could not be acted on. id is the SHA-256 of what they say.
CREATE TABLE midas_pushes (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    times        BIGINT NOT NULL,
    event        TEXT   NOT NULL,
    openid       TEXT   NOT NULL,
    out_trade_no TEXT COLLATE "C" NOT NULL,
    why          TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    seen_at      BIGINT NOT NULL,
    seen         TEXT   NOT NULL
);
CREATE INDEX midas_pushes_unseen ON midas_pushes (seen_at, first_at);
CREATE INDEX midas_pushes_trade ON midas_pushes (out_trade_no);

-- The ledger's own name, which tells it from another ledger of the same game. Whoever opens it first makes one.
CREATE TABLE midas_self (
    one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    id  TEXT     NOT NULL
);

-- +goose Down
DROP TABLE midas_self;
DROP TABLE midas_pushes;
DROP TABLE midas_refunds;
ALTER TABLE midas_orders DROP COLUMN paid;
