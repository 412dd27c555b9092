package midas

import (
	"net/url"
	"sync"
	"time"
)

// maxNonces bounds what is remembered of the last minutes' pushes. Only what WeChat has signed is, so no stranger can
// fill it. One entry takes some 200 bytes.
const maxNonces = 20_000

// nonces remembers which timestamps and nonces were used, each until it is too old to be used again. Each process has
// its own.
type nonces struct {
	mu    sync.Mutex
	until map[string]time.Time // maxNonces at most
	queue []string             // the same, oldest first; what was removed may still be in it
}

func nonceOf(query url.Values) string {
	nonce := query.Get("nonce")
	return query.Get("timestamp") + "/" + nonce[:min(len(nonce), 128)]
}

// add remembers a nonce; fresh is false if it was known. When there are too many, the oldest is forgotten.
func (n *nonces) add(nonce string, until, now time.Time) (fresh bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil {
		n.until = map[string]time.Time{}
	}
	if _, known := n.until[nonce]; known {
		return false
	}
	for len(n.queue) > 0 {
		oldest := n.queue[0]
		if end, known := n.until[oldest]; known && end.After(now) && len(n.queue) < maxNonces {
			break
		}
		delete(n.until, oldest)
		n.queue = n.queue[1:]
	}
	n.until[nonce] = until
	n.queue = append(n.queue, nonce)
	return true
}

func (n *nonces) remove(nonce string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.until, nonce)
}
