package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// redisOf resolves a config whose section Redis is given as JSON.
func redisOf(t *testing.T, section string) (RedisConfig, error) {
	t.Helper()
	c, err := resolve(t, with(t, "Redis", section, "Ledger", `{"Driver":"postgres","DSN":"x"}`))
	return c.Redis, err
}

func TestRedisIsNamedByAddressesOrAURL(t *testing.T) {
	t.Setenv("LEAFMIDAS_REDIS_URL", " rediss://game:p%40ss%2Fword@redis.example/3\n")
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("redis://:hush@redis.example:7000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for section, want := range map[string]RedisConfig{
		`{"Addr":"redis:6379"}`: {Addr: "redis:6379"},
		`{"Addr":"env:6379"}`:   {Addr: "env:6379"}, // a host of that name
		`{"Addr":"[::1]:6379"}`: {Addr: "[::1]:6379"},
		`{"Addr":"a:1, b:2,c:3","MasterName":"m","SentinelPassword":"s","DB":2}`: {Addr: "a:1,b:2,c:3", MasterName: "m", SentinelPassword: "s", DB: 2},
		`{"Addr":"a:1,b:2"}`:                                      {Addr: "a:1,b:2"},
		`{"Addr":"a:1","Cluster":true}`:                           {Addr: "a:1", Cluster: true},
		`{"Addr":"redis://redis.example"}`:                        {Addr: "redis.example:6379"},
		`{"Addr":"redis://[::1]/0"}`:                              {Addr: "[::1]:6379"},
		`{"Addr":"redis://user:hush@a:1,b:2/5","MasterName":"m"}`: {Addr: "a:1,b:2", MasterName: "m", Username: "user", Password: "hush", DB: 5},
		`{"Addr":"redis://a,b","MasterName":"m"}`:                 {Addr: "a:26379,b:26379", MasterName: "m"},
		`{"Addr":"redis://a:1","Username":"u","Password":"p"}`:    {Addr: "a:1", Username: "u", Password: "p"},
		`{"Addr":"env:LEAFMIDAS_REDIS_URL"}`:                      {Addr: "redis.example:6379", Username: "game", Password: "p@ss/word", DB: 3, TLS: true},
		`{"Addr":"file:` + file + `","TLS":false}`:                {Addr: "redis.example:7000", Password: "hush"},
		`{"Addr":"rediss://a:1","TLS":true}`:                      {Addr: "a:1", TLS: true},
	} {
		if got, err := redisOf(t, section); err != nil || got != want {
			t.Errorf("%s: %+v with %q, %v", section, got, got.Password.Reveal(), err)
		}
	}
}

// Wrong addresses are told by their key, and nothing that is told has a password.
func TestAWrongRedisIsToldWithoutItsPassword(t *testing.T) {
	t.Setenv("LEAFMIDAS_REDIS_URL", "redis://game:hush-hush@redis.example:none")
	for section, want := range map[string]string{
		`{"Addr":"redis"}`:                                               `Redis.Addr: "redis" is not of the form host:port`,
		`{"Addr":"redis:0"}`:                                             `Redis.Addr: "redis:0" is not of the form host:port`,
		`{"Addr":"redis:port"}`:                                          `Redis.Addr: "redis:port" is not of the form host:port`,
		`{"Addr":"a:1,,b:2"}`:                                            `Redis.Addr: "" is not of the form host:port`,
		`{"Addr":"game:hush-hush@redis:6379"}`:                           `Redis.Addr: is not of the form host:port; with a user and a password it begins with redis://`,
		`{"Addr":"http://game:hush-hush@redis:6379"}`:                    `Redis.Addr: is another kind of URL`,
		`{"Addr":"unix:///run/redis.sock"}`:                              `Redis.Addr: is another kind of URL`,
		`{"Addr":"redis://game:hush-hush@redis:6379","TLS":true}`:        `Redis.Addr: says redis://, which is not encrypted`,
		`{"Addr":"redis://game:hush-hush@redis/0?timeout=3s"}`:           `Redis.Addr: has options behind '?'`,
		`{"Addr":"redis://game:hush-hush%@redis"}`:                       `Redis.Addr: has a '%' in its user or password`,
		`{"Addr":"redis://game:hush-hush@redis","Password":"hush-hush"}`: `Redis.Addr: has a user or a password, and so has the section`,
		`{"Addr":"redis://game:hush-hush@redis/two"}`:                    `Redis.Addr: has another database behind '/'`,
		`{"Addr":"redis://game:hush-hush@redis/2","DB":3}`:               `Redis.Addr: has another database behind '/'`,
		`{"Addr":"redis://game:hush-hush@"}`:                             `Redis.Addr: "" is not of the form host:port`,
		`{"Addr":"env:LEAFMIDAS_REDIS_URL"}`:                             `Redis.Addr: "redis.example:none" is not of the form host:port`,
		`{"Addr":"env:LEAFMIDAS_NO_SUCH"}`:                               `Redis.Addr: the environment has no variable LEAFMIDAS_NO_SUCH`,
		`{"Addr":"a:1","Cluster":true,"MasterName":"m"}`:                 `Redis.Cluster: a cluster has no Sentinels`,
		`{"Addr":"a:1","SentinelPassword":"hush-hush"}`:                  `Redis.MasterName: is missing`,
		`{"Addr":"a:1,b:2","DB":1}`:                                      `Redis.DB: is 1; several addresses without Redis.MasterName are a cluster's`,
	} {
		_, err := redisOf(t, section)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", section, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells the password: %v", section, err)
		}
	}
}

// A config that is printed, as it was read or as it is used, shows no password of Redis's.
func TestAPrintedConfigHidesRedisPasswords(t *testing.T) {
	asRead := Config{Redis: RedisConfig{Addr: "redis://game:hush-hush@redis.example:6379/2", SentinelPassword: "hush-hush"}}
	resolved, err := redisOf(t, `{"Addr":"redis://game:hush-hush@redis.example:6379/2"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{asRead, {Redis: resolved}} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("config", "midas", c, "redis", c.Redis)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "midas", c, "redis", c.Redis)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		printed := log.String() + string(text) + fmt.Sprintf("%v %+v %#v %v %+v %#v %v", c, c, c, c.Redis, c.Redis, c.Redis, &c.Redis)
		if strings.Contains(printed, "hush") {
			t.Errorf("shown: %s", printed)
		}
		if !strings.Contains(printed, "redis.example:6379") {
			t.Errorf("not shown where Redis is: %s", printed)
		}
	}
}
