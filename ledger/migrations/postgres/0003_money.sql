-- +goose Up

-- Of refunds: the number of the payment that was given back, and who gave it back.
ALTER TABLE midas_orders ADD COLUMN of_trade TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE midas_orders ADD COLUMN source BIGINT NOT NULL DEFAULT 0;
CREATE INDEX midas_orders_refunds ON midas_orders (of_trade) WHERE of_trade <> '';

-- Coins of recharges that are known to have come before save_amt has shown them.
ALTER TABLE midas_players ADD COLUMN ahead BIGINT NOT NULL DEFAULT 0;
CREATE INDEX midas_recharges_trade ON midas_recharges (out_trade_no) WHERE out_trade_no <> '';

-- +goose Down
DROP INDEX midas_recharges_trade;
ALTER TABLE midas_players DROP COLUMN ahead;
DROP INDEX midas_orders_refunds;
ALTER TABLE midas_orders DROP COLUMN source;
ALTER TABLE midas_orders DROP COLUMN of_trade;
