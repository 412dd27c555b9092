package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leafmidas/leafmidas/internal/filelock"
)

// snapshot is the state file.
type snapshot struct {
	AppID    string               `json:"app_id"`
	Offset   time.Duration        `json:"clock_offset"`
	Accounts []*account           `json:"accounts"`
	Center   []centerAccount      `json:"center,omitempty"`
	Bills    []*Bill              `json:"bills"`
	Pending  []pending            `json:"pending"`
	Trades   []*trade             `json:"trades"`
	Pushes   []*push              `json:"pushes"`
	Sessions []*session           `json:"sessions"`
	Codes    map[string]loginCode `json:"codes"`
	Used     map[string]bool      `json:"used_codes"`
	Tokens   map[string]*token    `json:"tokens"`
	Stable   string               `json:"stable"`
	Classic  string               `json:"classic"`
	Forced   time.Time            `json:"forced"`
}

// saver keeps the state file up to date. A call waits for a write that began after its change; calls that wait
// together are served by one write.
type saver struct {
	path  string // empty: nothing is kept
	mu    sync.Mutex
	saved atomic.Uint64 // the version of the books that the file holds
	lock  *os.File      // beside the file, which is replaced at each write
}

// take keeps other emulators from the file: the one that wrote last would undo what the others have written.
func (s *saver) take() (err error) {
	s.lock, err = filelock.Take(s.path + ".lock")
	if errors.Is(err, filelock.ErrTaken) {
		return fmt.Errorf("emulator: another emulator, or a server with one, keeps its state in %s: give this one a file of its own", s.path)
	}
	if err != nil {
		return fmt.Errorf("emulator: keeping the state: %w", err)
	}
	return nil
}

func (s *saver) letGo() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// save returns once the file holds the given version.
func (s *Server) save(version uint64) error {
	if s.saver.path == "" || s.saver.saved.Load() >= version {
		return nil
	}
	s.saver.mu.Lock()
	defer s.saver.mu.Unlock()
	if s.saver.saved.Load() >= version {
		return nil
	}
	s.mu.Lock()
	version = s.version
	data, err := json.Marshal(s.snapshot())
	s.mu.Unlock()
	if err == nil {
		err = replaceFile(s.saver.path, data)
	}
	if err != nil {
		return fmt.Errorf("emulator: keeping the state: %w", err)
	}
	s.saver.saved.Store(version)
	return nil
}

// load reads the state file; one that does not exist is an empty one.
func (s *Server) load() error {
	data, err := os.ReadFile(s.saver.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("emulator: reading the state: %w", err)
	}
	var snap snapshot
	if err := json.Unmarshal(data, &snap); err != nil {
		return fmt.Errorf("emulator: state file %s: %w", s.saver.path, err)
	}
	if snap.AppID != s.cfg.AppID {
		return fmt.Errorf("emulator: state file %s belongs to app %q, not %q", s.saver.path, snap.AppID, s.cfg.AppID)
	}
	s.restore(snap)
	return nil
}

func (s *Server) snapshot() snapshot {
	snap := snapshot{
		AppID: s.cfg.AppID, Offset: s.offset,
		Bills: s.books.bills, Pending: s.books.pending, Trades: s.books.trades, Pushes: s.outbox.all,
		Codes: s.logins.codes, Used: s.logins.used,
		Tokens: s.tokens.issued, Stable: s.tokens.stable, Classic: s.tokens.classic, Forced: s.tokens.forced,
	}
	for _, acc := range s.books.accounts {
		snap.Accounts = append(snap.Accounts, acc)
	}
	for key, coins := range s.books.center {
		snap.Center = append(snap.Center, centerAccount{key.Env, key.OpenID, coins})
	}
	for _, ses := range s.logins.sessions {
		snap.Sessions = append(snap.Sessions, ses)
	}
	return snap
}

func (s *Server) restore(snap snapshot) {
	s.offset = snap.Offset
	for _, acc := range snap.Accounts {
		s.books.accounts[acc.accountKey] = acc
	}
	for _, acc := range snap.Center {
		s.books.center[accountKey{Env: acc.Env, OpenID: acc.OpenID}] = acc.Coins
	}
	for _, bill := range snap.Bills {
		s.books.bills = append(s.books.bills, bill)
		s.books.byNo[billKey{bill.Env, bill.BillNo}] = bill
	}
	for _, p := range snap.Pending {
		if p.API != apiRecharge && !p.Unseen {
			s.books.markBusy(p.order)
		}
		s.books.postpone(p)
	}
	for _, t := range snap.Trades {
		s.books.keepTrade(t)
	}
	for _, p := range snap.Pushes {
		s.outbox.keep(p)
	}
	for _, ses := range snap.Sessions {
		kept := s.logins.session(ses.OpenID)
		kept.Key, kept.Expires, kept.DeadKeys = ses.Key, ses.Expires, slices.Clone(ses.DeadKeys)
	}
	for code, c := range snap.Codes {
		s.logins.codes[code] = c
	}
	for code := range snap.Used {
		s.logins.used[code] = true
	}
	for text, tok := range snap.Tokens {
		s.tokens.issued[text] = tok
	}
	s.tokens.stable, s.tokens.classic, s.tokens.forced = snap.Stable, snap.Classic, snap.Forced
}

// replaceFile puts data in the place of path at one stroke.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
