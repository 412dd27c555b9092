-- +goose Up

-- The player's last known address, which Midas is told with every call.
ALTER TABLE midas_sessions ADD COLUMN user_ip TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE midas_sessions DROP COLUMN user_ip;
