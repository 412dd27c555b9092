package plugin

// Pause closes this server's shop, or opens it again: new purchases, recharges and goods are refused as unavailable,
// and the players who are here are told. What has been ordered goes on; so do presents and cancellations, which are the
// host's own. It lasts until it is undone or the server ends. It reads memory only and may be called from any
// goroutine. changed is false if it was so before.
func (p *Plugin) Pause(paused bool) (changed bool, err error) {
	if p.inside.Load() == nil {
		return false, ErrNotConfigured
	}
	return p.module.Pause(paused), nil
}

// Paused tells whether this server's shop is paused.
func (p *Plugin) Paused() bool {
	in := p.inside.Load()
	return in != nil && in.till.Paused()
}
