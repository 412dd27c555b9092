package module

import (
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
)

// Fleet is the other servers of the same game. Whatever it carries may be lost, its methods never block, and without it
// every server goes on by itself. Package cluster has one on Redis.
type Fleet interface {
	// Listen begins to hear notes of other servers, one after another.
	Listen(hear func(Note))
	// Here tells that a player is on this server, Gone that the player's last connection has ended.
	Here(openid string)
	Gone(openid string)
	// Tell passes a note to the other servers its player is on; one without a player to all of them.
	Tell(n Note)
	// TokenStore shares the access token.
	TokenStore() midas.TokenStore
	Close() error
}

// NoteKind says what a note tells.
type NoteKind string

// The kinds of notes.
const (
	// NoteBalance, NoteOrder and NoteRecharge carry a message for the player.
	NoteBalance  NoteKind = "balance"
	NoteOrder    NoteKind = "order"
	NoteRecharge NoteKind = "recharge"
	// NoteLook asks to look at the player's account: it has changed, and the sender does not know by how much.
	NoteLook NoteKind = "look"
	// NoteSession: the player has logged in elsewhere, and the newest session key is in the ledger.
	NoteSession NoteKind = "session"
	// NoteService: calls to an endpoint are held back, or no longer.
	NoteService NoteKind = "service"
)

// Note is what one server tells others.
type Note struct {
	What   NoteKind `json:"what"`
	OpenID string   `json:"openid,omitempty"`
	ZoneID string   `json:"zone_id,omitempty"`
	// Message is in protobuf.
	Message []byte `json:"message,omitempty"`
	// Reason and BillNo are of NoteLook.
	Reason payment.Reason `json:"reason,omitempty"`
	BillNo string         `json:"bill_no,omitempty"`
	// Endpoint, Open and RetryAfter are of NoteService.
	Endpoint   midas.Endpoint `json:"endpoint,omitempty"`
	Open       bool           `json:"open,omitempty"`
	RetryAfter time.Duration  `json:"retry_after,omitempty"`
}

// FleetConfig says where the servers meet.
type FleetConfig struct {
	// Addr is "host:port", or several with commas between them: of Sentinels with MasterName, else of a cluster's nodes.
	Addr string
	// MasterName is what the Sentinels call the server.
	MasterName string
	// Cluster: it is one, though Addr is a single address.
	Cluster  bool
	Username string
	Password midas.Secret
	// SentinelUsername and SentinelPassword are those of the Sentinels themselves.
	SentinelUsername string
	SentinelPassword midas.Secret
	DB               int
	TLS              bool
	// Name tells games and environments apart that meet in one place.
	Name string
	// SealSecret protects the access token there, and the notes: whoever does not have it can neither read nor write one.
	SealSecret midas.Secret
	Logger     *slog.Logger
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// OpenFleet opens the fleet that is linked; cluster's import sets it, as a database driver registers itself.
var OpenFleet = func(FleetConfig) (Fleet, error) {
	return nil, errors.New(`leafmidas: Redis is configured, and nothing that uses it is linked; add: import _ "github.com/leafmidas/leafmidas/cluster"`)
}

// Alone is the fleet of a server that is the only one.
type Alone struct{}

// Listen hears nothing.
func (Alone) Listen(func(Note)) {}

// Here does nothing.
func (Alone) Here(string) {}

// Gone does nothing.
func (Alone) Gone(string) {}

// Tell does nothing.
func (Alone) Tell(Note) {}

// TokenStore is nil: the token is this server's alone.
func (Alone) TokenStore() midas.TokenStore { return nil }

// Close does nothing.
func (Alone) Close() error { return nil }

// tell passes a message for a player to the other servers the player is on.
func (m *Module) tell(what NoteKind, openid, zoneID string, message proto.Message) {
	text, err := proto.Marshal(message)
	if err != nil {
		m.log.Error("midas: not told to other servers", "error", err)
		return
	}
	m.fleet.Tell(Note{What: what, OpenID: openid, ZoneID: zoneID, Message: text})
}

// Elsewhere tells the servers a player is on that the account has changed; this one does not know by how much.
func (m *Module) Elsewhere(openid, zoneID string, why payment.Reason, billNo string) {
	m.fleet.Tell(Note{What: NoteLook, OpenID: openid, ZoneID: zoneID, Reason: why, BillNo: billNo})
}

// mostWait bounds how long another server may say that calls are held back: the longest that a breaker's config allows.
const mostWait = time.Hour

// hear takes a note of another server's. What cannot be read is left: it is a newer version's. So is what could not be
// told to a player: what another server got wrong must not silence this one.
func (m *Module) hear(n Note) {
	if n.OpenID != "" { // a balance, too, may have changed with an order, which its player asks for now
		m.till.OrderChanged(n.OpenID)
	}
	switch n.What {
	case NoteBalance:
		m.hearBalance(n)
	case NoteOrder:
		if r := new(msg.MidasPurchaseResult); readable(n.Message, r) && r.GetAmount() >= 0 && r.GetQuantity() > 0 {
			if r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
				m.till.Watched(r.GetBillNo())
			}
			m.sendHere(n.OpenID, r)
		}
	case NoteRecharge:
		if r := new(msg.MidasRechargeResult); readable(n.Message, r) && r.GetCoins() >= 0 {
			m.sendHere(n.OpenID, r)
		}
	case NoteLook:
		m.till.LookAgain(n.OpenID, n.ZoneID, n.Reason, n.BillNo)
	case NoteSession:
		m.till.SessionChanged(n.OpenID)
	case NoteService:
		if n.RetryAfter < 0 || n.RetryAfter > mostWait {
			return
		}
		m.warned.Add(1)
		if m.options.HoldBack == nil || m.options.HoldBack(n.Endpoint, n.Open, n.RetryAfter) {
			m.tellService(n.Endpoint, n.Open, n.RetryAfter)
		}
	}
}

// readable reads a message for a player, and tells whether it is one that can be sent on.
func readable(text []byte, into proto.Message) bool {
	return proto.Unmarshal(text, into) == nil && msg.Unwritable(into) == nil
}

// hearBalance pushes a balance that another server has seen, unless a newer one is known here.
func (m *Module) hearBalance(n Note) {
	b := new(msg.MidasBalance)
	if !readable(n.Message, b) || !m.till.Witness(n.OpenID, n.ZoneID, accountOf(b)) {
		return
	}
	b.Reason = msg.MidasReason_MIDAS_REASON_REMOTE
	m.remote.Add(1)
	for _, a := range m.roster.connections(n.OpenID, n.ZoneID) {
		m.outbox.push(a, b)
	}
	m.tellFirstSave(n.OpenID, n.ZoneID, b.GetFirstSave())
}

func accountOf(b *msg.MidasBalance) payment.Account {
	return payment.Account{
		Version: b.GetVersion(), Center: midas.Coins(b.GetCenterBalance()),
		Balance: midas.Balance{
			Balance: midas.Coins(b.GetBalance()), PresentBalance: midas.Coins(b.GetPresentBalance()), FirstSave: b.GetFirstSave(),
			SaveAmt: midas.Coins(b.GetSaveAmt()), SaveSum: midas.Coins(b.GetSaveSum()), CostSum: midas.Coins(b.GetCostSum()),
			PresentSum: midas.Coins(b.GetPresentSum()),
		},
	}
}
