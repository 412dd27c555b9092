-- +goose NO TRANSACTION
-- +goose Up

-- What an operator searches by. Each state of each kind, by age; parked is there so that it need not be read from the table.
-- The state is first: most statements name all kinds, and SQLite would take an index that begins with them for that reason alone.
-- Each in a transaction of its own: while an index is built nobody writes.
CREATE INDEX IF NOT EXISTS midas_orders_found ON midas_orders (state, kind, created_at, bill_no, parked);
CREATE INDEX IF NOT EXISTS midas_orders_asked ON midas_orders (request_id, created_at, bill_no);

-- +goose Down
DROP INDEX midas_orders_asked;
DROP INDEX midas_orders_found;
