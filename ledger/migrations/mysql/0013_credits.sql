-- +goose Up

-- Up to which sum of a player's bought coins the host has been told (-1: a version before kept it), and how many of them came in which
-- month of Beijing's, which the limits for minors are about.
ALTER TABLE midas_players ADD COLUMN credited BIGINT NOT NULL DEFAULT -1;
ALTER TABLE midas_players ADD COLUMN month VARBINARY(7) NOT NULL DEFAULT '';
ALTER TABLE midas_players ADD COLUMN month_coins BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE midas_players DROP COLUMN month_coins;
ALTER TABLE midas_players DROP COLUMN month;
ALTER TABLE midas_players DROP COLUMN credited;
