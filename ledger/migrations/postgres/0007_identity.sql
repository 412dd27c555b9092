-- +goose Up

-- Whose orders these are: app_id, offer_id, env and protocol, and what was ever changed of them on purpose.
CREATE TABLE midas_identity (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT   NOT NULL,
    at    BIGINT NOT NULL,
    who   TEXT   NOT NULL
);

-- Servers that work on the orders. seen_at is by the database's clock; left_at is 0 while a server has not left by itself.
CREATE TABLE midas_servers (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    who     TEXT   NOT NULL,
    machine TEXT   NOT NULL,
    pid     BIGINT NOT NULL,
    fleet   BIGINT NOT NULL,
    since   BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    left_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE midas_servers;
DROP TABLE midas_identity;
