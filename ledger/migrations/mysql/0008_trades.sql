-- +goose Up

-- Of goods: what the player really paid, in fen; 0 while nobody has said it. A discount makes it less than amount.
ALTER TABLE midas_orders ADD COLUMN paid BIGINT NOT NULL DEFAULT 0;

-- Every refund once, by Midas's own name for it, and what the host was told of it: the same for ever.
CREATE TABLE midas_refunds (
    refund_id  VARBINARY(64) NOT NULL PRIMARY KEY,
    bill_no    VARBINARY(64) NOT NULL,
    of_trade   VARBINARY(64) NOT NULL,
    fen        BIGINT        NOT NULL,
    decided_at BIGINT        NOT NULL,
    granted    TINYINT       NOT NULL,
    whole      TINYINT       NOT NULL
) ENGINE = InnoDB;

-- Pushes that were rightly signed and could not be acted on. id is the SHA-256 of what they say.
CREATE TABLE midas_pushes (
    id           VARBINARY(64)   NOT NULL PRIMARY KEY,
    first_at     BIGINT          NOT NULL,
    last_at      BIGINT          NOT NULL,
    times        BIGINT          NOT NULL,
    event        VARBINARY(128)  NOT NULL,
    openid       VARBINARY(128)  NOT NULL,
    out_trade_no VARBINARY(64)   NOT NULL,
    why          VARBINARY(1024) NOT NULL,
    body         BLOB            NOT NULL,
    seen_at      BIGINT          NOT NULL,
    seen         VARBINARY(1024) NOT NULL,
    KEY midas_pushes_unseen (seen_at, first_at),
    KEY midas_pushes_trade (out_trade_no)
) ENGINE = InnoDB;

-- The ledger's own name, which tells it from another ledger of the same game. Whoever opens it first makes one.
CREATE TABLE midas_self (
    one TINYINT       NOT NULL PRIMARY KEY CHECK (one = 1),
    id  VARBINARY(64) NOT NULL
) ENGINE = InnoDB;

-- +goose Down
DROP TABLE midas_self;
DROP TABLE midas_pushes;
DROP TABLE midas_refunds;
ALTER TABLE midas_orders DROP COLUMN paid;
