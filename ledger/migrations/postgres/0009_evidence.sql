-- +goose Up

-- How it is known that a recharge was credited: 0 not recorded, 1 save_amt grew, 2 Midas said so of its number, 3 and of how many
-- coins. unseen: those of its coins that save_amt has not shown yet. was: the state before, in case another one was paid.
ALTER TABLE midas_recharges ADD COLUMN evidence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE midas_recharges ADD COLUMN unseen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE midas_recharges ADD COLUMN was TEXT COLLATE "C" NOT NULL DEFAULT '';

-- How often a recharge was credited by its number, and the coins that came and are no recharge's so far.
ALTER TABLE midas_players ADD COLUMN confirms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE midas_players ADD COLUMN loose BIGINT NOT NULL DEFAULT 0;

-- The session keys before, for two logins at once may be answered in the wrong order.
ALTER TABLE midas_sessions ADD COLUMN before1 BYTEA;
ALTER TABLE midas_sessions ADD COLUMN before2 BYTEA;

-- +goose Down
ALTER TABLE midas_sessions DROP COLUMN before2;
ALTER TABLE midas_sessions DROP COLUMN before1;
ALTER TABLE midas_players DROP COLUMN loose;
ALTER TABLE midas_players DROP COLUMN confirms;
ALTER TABLE midas_recharges DROP COLUMN was;
ALTER TABLE midas_recharges DROP COLUMN unseen;
ALTER TABLE midas_recharges DROP COLUMN evidence;
