package payment

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/leafmidas/leafmidas/midas"
)

const (
	// doubtfulKeys is how many logins in a row must have brought a key that Midas does not take before a server tells of
	// which Midas has taken keys: one now and then is a player who has logged in elsewhere meanwhile. One of which it has
	// taken none tells of the first.
	doubtfulKeys = 10
	// doubtfulGap is the least time between two such lines.
	doubtfulGap = 10 * time.Minute
)

// loginKeys tells the log when the session keys that logins bring are no good, which is the host's mistake and no
// player's. It holds two numbers, whoever logs in.
type loginKeys struct {
	refused atomic.Int64 // in a row
	taken   atomic.Bool
	line    rate.Sometimes
}

// noteKey notes whether Midas took the key of a login.
func (t *Till) noteKey(p Player, err error) {
	k := &t.loginKeys
	switch {
	case !t.cfg.NeedSession:
	case err == nil:
		k.taken.Store(true)
		k.refused.Store(0)
	case midas.VerdictOf(err) == midas.VerdictLogin:
		n := k.refused.Add(1)
		if k.taken.Load() && n < doubtfulKeys {
			return
		}
		k.line.Do(func() {
			t.log.Warn("midas: logins bring no session key that Midas takes: SessionKey must be the session_key that jscode2session gave "+
				"for this AppID at the player's latest wx.login, and no token of the game's own. Players are told to log in again",
				"in_a_row", n, "player", shorten(p.OpenID), "key_given", p.SessionKey != "", "error", err)
		})
	}
}
