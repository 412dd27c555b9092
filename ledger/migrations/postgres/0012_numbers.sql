-- +goose Up

-- The numbers that WeChat Pay has for payments with money, which a player's receipt and the bank's statement show. trade is the
-- out_trade_no: the bill number of goods, a recharge's number, or one that this ledger knows nothing else of.
CREATE TABLE midas_numbers (
    number   TEXT COLLATE "C" NOT NULL,
    trade    TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    openid   TEXT COLLATE "C" NOT NULL,
    seen_at  BIGINT NOT NULL,
    PRIMARY KEY (number, trade)
);
CREATE INDEX midas_numbers_trade ON midas_numbers (trade);

-- +goose Down
DROP TABLE midas_numbers;
