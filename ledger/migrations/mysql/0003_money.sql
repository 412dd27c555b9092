-- +goose Up

-- Of refunds: the number of the payment that was given back, and who gave it back.
ALTER TABLE midas_orders
    ADD COLUMN of_trade VARBINARY(64) NOT NULL DEFAULT '',
    ADD COLUMN source BIGINT NOT NULL DEFAULT 0,
    ADD KEY midas_orders_refunds (of_trade);

-- Coins of recharges that are known to have come before save_amt has shown them.
ALTER TABLE midas_players ADD COLUMN ahead BIGINT NOT NULL DEFAULT 0;
ALTER TABLE midas_recharges ADD KEY midas_recharges_trade (out_trade_no);

-- +goose Down
ALTER TABLE midas_recharges DROP KEY midas_recharges_trade;
ALTER TABLE midas_players DROP COLUMN ahead;
ALTER TABLE midas_orders DROP KEY midas_orders_refunds, DROP COLUMN source, DROP COLUMN of_trade;
