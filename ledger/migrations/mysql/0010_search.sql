-- +goose NO TRANSACTION
-- +goose Up

-- What an operator searches by. Each state of each kind, by age; parked is there so that it need not be read from the table.
-- LOCK=NONE, so that servers of the version before go on writing. The ALTER waits for long readers of the table, and whoever writes
-- waits behind it: therefore for a second at most, and then it is tried again.
SET SESSION lock_wait_timeout = 1;
ALTER TABLE midas_orders ADD KEY midas_orders_found (state, kind, created_at, bill_no, parked),
    ADD KEY midas_orders_asked (request_id, created_at, bill_no), ALGORITHM=INPLACE, LOCK=NONE;
SET SESSION lock_wait_timeout = DEFAULT;

-- +goose Down
ALTER TABLE midas_orders DROP KEY midas_orders_asked, DROP KEY midas_orders_found;
