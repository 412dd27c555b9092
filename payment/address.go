package payment

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/leafmidas/leafmidas/ledger"
)

// Address returns an address as Midas is to be told it (user_ip): without a port, without the zone of an interface, and
// an IPv4 address that is written as IPv6 ("::ffff:1.2.3.4") as IPv4. Empty: the text is no address.
func Address(text string) string {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		with, err := netip.ParseAddrPort(text)
		if err != nil {
			return ""
		}
		addr = with.Addr()
	}
	if addr = addr.WithZone("").Unmap(); addr.IsUnspecified() {
		return ""
	}
	return addr.String()
}

// address is the address of a player's last login, which is in memory while the player is here and in the ledger
// otherwise. Empty: none is known.
func (s *sessions) address(ctx context.Context, openid string) string {
	s.mu.Lock()
	known := ""
	if h := s.held[openid]; h != nil {
		known = h.address
	}
	s.mu.Unlock()
	if known != "" {
		return known
	}
	kept, err := s.ledger.Address(ctx, openid)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return "" // the call goes out without
	}
	return kept
}
