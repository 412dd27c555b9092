-- +goose Up

-- The numbers that WeChat Pay has for payments with money, which a player's receipt and the bank's statement show. trade is the
-- out_trade_no: the bill number of goods, a recharge's number, or one that this ledger knows nothing else of.
CREATE TABLE midas_numbers (
    number   VARBINARY(64) NOT NULL,
    trade    VARBINARY(64) NOT NULL,
    what     VARBINARY(64) NOT NULL,
    openid   VARBINARY(64) NOT NULL,
    seen_at  BIGINT NOT NULL,
    PRIMARY KEY (number, trade)
) ENGINE = InnoDB;
CREATE INDEX midas_numbers_trade ON midas_numbers (trade);

-- +goose Down
DROP TABLE midas_numbers;
