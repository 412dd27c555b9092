package module

import (
	"hash/fnv"

	"github.com/name5566/leaf/gate"
	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
)

// maxCatalogue is how many items a catalogue lists, the first of them. More would be more messages at once than may
// wait for a client.
const maxCatalogue = 1000

func (m *Module) onGetCatalogue(a gate.Agent, p payment.Player, r *msg.MidasGetCatalogue) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	m.roster.wantsCatalogue(a)
	return m.sendCatalogue(a, p, r.GetRequestId())
}

// SetItems replaces what is on sale, and tells the clients that have asked for it on their connection. It does not
// block.
func (m *Module) SetItems(items []payment.Item) {
	m.till.SetItems(items)
	select {
	case m.restocked <- struct{}{}:
	default: // everyone is about to be told
	}
}

// tellCatalogues sends what is on sale to whoever has asked for it, each time that it has changed, until quit is
// closed.
func (m *Module) tellCatalogues(quit <-chan struct{}) {
	for {
		select {
		case <-m.restocked:
		case <-quit:
			return
		}
		for _, a := range m.roster.browsing() {
			m.resendCatalogue(a)
		}
	}
}

// sendCatalogue answers a client that has asked for what is on sale, or (requestID "") tells it that this has changed.
func (m *Module) sendCatalogue(a gate.Agent, p payment.Player, requestID string) error {
	return m.till.Catalogue(p, func(c payment.Catalogue, err error) {
		switch {
		case err != nil && requestID != "":
			m.fail(a, requestID, err)
			return
		case err != nil: // it will ask again before it buys, or be told of the limit then
			return
		}
		m.roster.shows(a, len(c.Recharges) > 0, len(c.Recharges) > 0 && c.Recharges[0].FirstSave)
		for _, part := range msg.CatalogueParts(catalogueMessage(c, requestID)) {
			m.outbox.send(a, part)
		}
	})
}

// resendCatalogue tells a client that what is on sale has changed.
func (m *Module) resendCatalogue(a gate.Agent) {
	if p, here := m.roster.player(a); here {
		_ = m.sendCatalogue(a, p, "") // else it is busy, and is told when it buys
	}
}

// tellLeft tells a player's clients that have asked for the catalogue how much is left of an item with a limit.
func (m *Module) tellLeft(openid, itemID string) {
	if !m.till.Limited(itemID) {
		return
	}
	for _, a := range m.roster.browsingOf(openid) {
		m.resendCatalogue(a)
	}
}

// tellFirstSave sends the catalogue again to those clients of a player that think otherwise of the first recharge than
// a balance says.
func (m *Module) tellFirstSave(openid, zoneID string, first bool) {
	for _, a := range m.roster.misled(openid, zoneID, first) {
		m.resendCatalogue(a)
	}
}

func catalogueMessage(c payment.Catalogue, requestID string) *msg.MidasCatalogue {
	all := &msg.MidasCatalogue{CanRecharge: c.Unsupported == nil}
	if c.Unsupported != nil {
		all.Reason = msg.ClipText(c.Unsupported.Text())
	}
	for _, it := range c.Items[:min(len(c.Items), maxCatalogue)] {
		left, limited := c.Left[it.ID]
		switch {
		case it.SoldOut:
			left = 0
		case !limited:
			left = -1
		}
		all.Items = append(all.Items, &msg.MidasCatalogueItem{
			ItemId: it.ID, Name: msg.ClipID(it.Name), Price: int64(it.Price), Fen: int64(it.Fen), LimitLeft: left,
		})
	}
	for _, one := range c.Recharges {
		all.Recharges = append(all.Recharges, &msg.MidasRechargeOffer{BuyQuantity: int64(one.Coins), Fen: int64(one.Fen), FirstSave: one.FirstSave})
	}
	all.Version = fingerprint(all)
	all.RequestId = requestID
	return all
}

// fingerprint is the same number for the same content on every server of this version, and one that JavaScript holds
// exactly.
func fingerprint(c *msg.MidasCatalogue) int64 {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return 0 // it cannot be sent either, which is logged there
	}
	h := fnv.New64a()
	_, _ = h.Write(text)
	return int64(h.Sum64() >> 11)
}
