-- +goose NO TRANSACTION
-- +goose Up

-- What an operator searches by. Each state of each kind, by age; parked is there so that it need not be read from the table.
-- CONCURRENTLY, so that servers of the version before go on writing. What a server that died meanwhile has left is not valid, and is
-- built anew.
DROP INDEX CONCURRENTLY IF EXISTS midas_orders_found;
CREATE INDEX CONCURRENTLY midas_orders_found ON midas_orders (state, kind, created_at, bill_no, parked);
DROP INDEX CONCURRENTLY IF EXISTS midas_orders_asked;
CREATE INDEX CONCURRENTLY midas_orders_asked ON midas_orders (request_id, created_at, bill_no);

-- +goose Down
DROP INDEX midas_orders_asked;
DROP INDEX midas_orders_found;
