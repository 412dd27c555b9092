-- +goose Up

-- The numbers that WeChat Pay has for payments with money, which a player's receipt and the bank's statement show. trade is the
-- out_trade_no: the bill number of goods, a recharge's number, or one that this ledger knows nothing else of.
CREATE TABLE midas_numbers (
    number   TEXT NOT NULL,
    trade    TEXT NOT NULL,
    what     TEXT NOT NULL,
    openid   TEXT NOT NULL,
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (number, trade)
) STRICT, WITHOUT ROWID;
CREATE INDEX midas_numbers_trade ON midas_numbers (trade);

-- +goose Down
DROP TABLE midas_numbers;
