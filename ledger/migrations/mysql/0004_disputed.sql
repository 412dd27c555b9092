-- +goose Up

-- The orders in a state, of which the disputed are looked for most. MySQL has no indexes with a condition.
ALTER TABLE midas_orders ADD KEY midas_orders_state (state, created_at);

-- +goose Down
ALTER TABLE midas_orders DROP KEY midas_orders_state;
