-- +goose Up

-- What waits for an operator, which should be next to nothing.
CREATE INDEX midas_orders_disputed ON midas_orders (created_at) WHERE state = 'disputed';

-- +goose Down
DROP INDEX midas_orders_disputed;
