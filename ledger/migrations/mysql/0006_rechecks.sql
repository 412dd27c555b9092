-- +goose Up

-- Until when nobody but its holder may take an order, by this database's clock; 0: whoever finds it due may.
ALTER TABLE midas_orders ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;

-- Orders that were cancelled because Midas knew nothing of them, and about which it is asked again: a deduction may land late.
CREATE TABLE midas_rechecks (
    bill_no VARBINARY(64) NOT NULL PRIMARY KEY,
    openid  VARBINARY(128) NOT NULL,
    asked   BIGINT NOT NULL,
    tries   BIGINT NOT NULL,
    due_at  BIGINT NOT NULL,
    parked  TINYINT NOT NULL,
    KEY midas_rechecks_due (due_at),
    KEY midas_rechecks_player (openid, parked)
) ENGINE = InnoDB;

-- Those that the version before has cancelled while their bill numbers live. It did not look again.
INSERT INTO midas_rechecks (bill_no, openid, asked, tries, due_at, parked)
    SELECT bill_no, openid, 0, 0, 1, 0 FROM midas_orders
    WHERE kind = 'purchase' AND state = 'cancelled' AND created_at > TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 - 172800000;

-- +goose Down
DROP TABLE midas_rechecks;
ALTER TABLE midas_orders DROP COLUMN leased_until;
