package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Identity is whose orders a ledger keeps. An order is good at Midas for these four alone: asked for under another of
// them, it would be paid again, or be unknown and cancelled.
type Identity struct {
	// AppID and OfferID are the game's, Env is "sandbox" or "production", Protocol "v1" or "v2". An empty field says
	// nothing.
	AppID, OfferID, Env, Protocol string
}

// ErrOtherIdentity: the ledger is somebody else's. It comes as an *IdentityError.
var ErrOtherIdentity = errors.New("ledger: the ledger keeps the orders of another game, offer, environment or protocol")

// IdentityError says whose the ledger is and who asked for it. Nothing was changed.
type IdentityError struct{ Ledger, Asked Identity }

func (e *IdentityError) Error() string {
	return fmt.Sprintf("the ledger is that of %s, and this server is set up for %s: orders would be paid, or cancelled, in the wrong place. "+
		"Give this server a ledger of its own, or start it with the config that the ledger was made with; "+
		"where nothing is open any more, midasctl identity can change whose the ledger is", e.Ledger, e.Asked)
}

// Is makes errors.Is(err, ErrOtherIdentity) hold.
func (e *IdentityError) Is(target error) bool { return target == ErrOtherIdentity }

// String is what an operator reads: "app wx1, offer 1, sandbox, protocol v1".
func (i Identity) String() string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"app ", i.AppID}, {"offer ", i.OfferID}, {"", i.Env}, {"protocol ", i.Protocol}} {
		if p.value != "" {
			parts = append(parts, p.name+p.value)
		}
	}
	if len(parts) == 0 {
		return "nobody yet"
	}
	return strings.Join(parts, ", ")
}

// field is one part of an identity. They are always gone through in the same order, so that two servers never wait for
// each other.
func (i *Identity) fields() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{{"app_id", &i.AppID}, {"offer_id", &i.OfferID}, {"env", &i.Env}, {"protocol", &i.Protocol}}
}

// agrees tells whether two identities say nothing different.
func (i Identity) agrees(other Identity) bool {
	theirs := other.fields()
	for n, f := range i.fields() {
		if t := *theirs[n].value; *f.value != "" && t != "" && *f.value != t {
			return false
		}
	}
	return true
}

// covers tells whether i says everything that other says.
func (i Identity) covers(other Identity) bool {
	mine := i.fields()
	for n, f := range other.fields() {
		if *f.value != "" && *mine[n].value != *f.value {
			return false
		}
	}
	return true
}

// Identity tells whose the ledger is; fields that nobody has said yet are empty.
func (l *Ledger) Identity(ctx context.Context) (Identity, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.reads.QueryContext(inner, identityRows)
	i, err := scanIdentity(rows, err)
	return i, unavailable(ctx, "read whose the ledger is", err)
}

const identityRows = `SELECT name, value FROM midas_identity WHERE name IN ('app_id', 'offer_id', 'env', 'protocol')`

func scanIdentity(rows *sql.Rows, err error) (i Identity, _ error) {
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var name, value string
		err := row.Scan(&name, &value)
		for _, f := range i.fields() {
			if f.name == name {
				*f.value = value
			}
		}
		return struct{}{}, err
	})
	return i, err
}

// Belongs sees that the ledger is this one's. What it does not say yet, it says from now on: a ledger that was just
// made, or that a version made which did not know of it. Of two that come at once with different ones, one is refused.
// It is asked once; the answer is remembered. Errors: *IdentityError, ErrUnavailable.
func (l *Ledger) Belongs(ctx context.Context, to Identity) error {
	if known := l.identity.Load(); known != nil && known.covers(to) {
		return nil
	}
	now, err := l.Identity(ctx)
	if err != nil {
		return err
	}
	if !now.agrees(to) {
		return &IdentityError{now, to}
	}
	if !now.covers(to) && !l.asIs {
		var other *IdentityError
		err := l.writer.do(ctx, true, func(ctx context.Context, tx *sql.Tx) error {
			for _, f := range to.fields() {
				if *f.value == "" {
					continue
				}
				if _, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_identity (name, value, at, who) VALUES (?, ?, `+l.dialect.now+`, ?)`+
					l.dialect.ignore("name")), f.name, *f.value, l.who); err != nil {
					return err
				}
			}
			rows, err := tx.QueryContext(ctx, identityRows)
			if now, err = scanIdentity(rows, err); err != nil {
				return err
			}
			if !now.agrees(to) { // somebody else's was first; what of this one's was new goes away with the transaction
				other = &IdentityError{now, to}
				return other
			}
			return nil
		})
		if other != nil {
			return other
		}
		if err != nil {
			return unavailable(ctx, "write down whose the ledger is", err)
		}
	}
	l.identity.Store(&now)
	return nil
}
