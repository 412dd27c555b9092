-- +goose Up

-- Whose orders these are: app_id, offer_id, env and protocol, and what was ever changed of them on purpose.
CREATE TABLE midas_identity (
    name  VARBINARY(64) NOT NULL PRIMARY KEY,
    value VARBINARY(1024) NOT NULL,
    at    BIGINT NOT NULL,
    who   VARBINARY(1024) NOT NULL
) ENGINE = InnoDB;

-- Servers that work on the orders. seen_at is by the database's clock; left_at is 0 while a server has not left by itself.
CREATE TABLE midas_servers (
    id      VARBINARY(64) NOT NULL PRIMARY KEY,
    who     VARBINARY(1024) NOT NULL,
    machine VARBINARY(1024) NOT NULL,
    pid     BIGINT NOT NULL,
    fleet   BIGINT NOT NULL,
    since   BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    left_at BIGINT NOT NULL
) ENGINE = InnoDB;

-- +goose Down
DROP TABLE midas_servers;
DROP TABLE midas_identity;
