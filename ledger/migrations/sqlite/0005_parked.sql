-- +goose Up

-- A player's parked orders, which every login looks for. SQLite keeps no statistics: of two indexes that begin alike it takes
-- the one that answers more of the question, and midas_orders_parked loses that to the index of requests.
CREATE INDEX midas_orders_parked_of ON midas_orders (openid, parked) WHERE parked = 1;

-- +goose Down
DROP INDEX midas_orders_parked_of;
