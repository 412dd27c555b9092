-- +goose Up

-- Until when nobody but its holder may take an order, by this database's clock; 0: whoever finds it due may.
ALTER TABLE midas_orders ADD COLUMN leased_until INTEGER NOT NULL DEFAULT 0;

-- Orders that were cancelled because Midas knew nothing of them, and about which it is asked again: a deduction may land late.
CREATE TABLE midas_rechecks (
    bill_no TEXT NOT NULL PRIMARY KEY,
    openid  TEXT NOT NULL,
    asked   INTEGER NOT NULL,
    tries   INTEGER NOT NULL,
    due_at  INTEGER NOT NULL,
    parked  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX midas_rechecks_due ON midas_rechecks (due_at);
CREATE INDEX midas_rechecks_player ON midas_rechecks (openid, parked) WHERE parked = 1;

-- Those that the version before has cancelled while their bill numbers live. It did not look again.
INSERT INTO midas_rechecks (bill_no, openid, asked, tries, due_at, parked)
    SELECT bill_no, openid, 0, 0, 1, 0 FROM midas_orders
    WHERE kind = 'purchase' AND state = 'cancelled' AND created_at > CAST(unixepoch('subsec') * 1000 AS INTEGER) - 172800000;

-- +goose Down
DROP TABLE midas_rechecks;
ALTER TABLE midas_orders DROP COLUMN leased_until;
