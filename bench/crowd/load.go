package crowd

import (
	"context"
	"io"
	"time"

	"github.com/gorilla/websocket"

	"github.com/leafmidas/leafmidas/bench/process"
)

// Load is a process full of players, as the one that measures sees it.
type Load struct{ *process.Process }

// Subcommand is the hidden one that has a program run Serve.
const Subcommand = "load"

// Start starts such a process; the program must have the subcommand.
func Start(ctx context.Context, output io.Writer) (*Load, error) {
	p, err := process.Start(ctx, output, Subcommand)
	if err != nil {
		return nil, err
	}
	return &Load{p}, nil
}

// Serve is the inside of that process.
func Serve() error {
	if err := process.RaiseLimit(); err != nil {
		return err
	}
	return process.Serve("Load", &Service{crowd: New()})
}

// Service is what such a process does when told. Its exported methods are net/rpc's.
type Service struct {
	crowd     *Crowd
	strangers *strangers // at work
}

// Some is players and what they do.
type Some struct {
	WS           string // where they connect to
	Push         string // the URL that pushes are posted to
	First, Count int
	Code         int
	Rate         int // purchases, pushes, or messages to be echoed, a second
	Buyers       int
	During       time.Duration
	OfTheFirst   int // only so many of them
	// Nobody: they do not log in, and send one message to be echoed instead. Silent: not even that.
	Nobody, Silent bool
	// Text is a message whole, and Of how many connections send it. Its answer begins so and holds this, or it is none.
	Text          string
	Begins, Holds string
	Of            int
}

// Seen is what happened since it was last asked for.
type Seen struct {
	Waits  []time.Duration
	Odd    map[string]int
	Pushes int64
}

// long is enough for any number of players to connect.
const long = 5 * time.Minute

// Join connects players.
func (l *Service) Join(s Some, _ *int) error {
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	joined, err := l.crowd.JoinAll(ctx, s)
	l.crowd.Players = append(l.crowd.Players, joined...)
	return err
}

// Watch connects players of this or another process a second time.
func (l *Service) Watch(s Some, _ *int) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l.crowd.watchers, err = l.crowd.JoinAll(ctx, s)
	return err
}

// Leave closes all connections.
func (l *Service) Leave(_ int, _ *int) error {
	l.crowd.Leave()
	return nil
}

// Buy lets players buy at a rate.
func (l *Service) Buy(s Some, orders *int) (err error) {
	players := l.crowd.Players
	if s.OfTheFirst > 0 {
		players = players[:s.OfTheFirst]
	}
	*orders, err = l.crowd.buyAt(context.Background(), players, s.Rate, s.During)
	return err
}

// BuyAll lets so many buy without a pause.
func (l *Service) BuyAll(s Some, orders *int) (err error) {
	*orders, err = l.crowd.buyAll(context.Background(), s.Buyers, s.During)
	return err
}

// Ask sends a purchase for every player and waits for no answer.
func (l *Service) Ask(_ int, asked *int) error {
	for _, p := range l.crowd.Players {
		if _, err := p.ask(); err != nil {
			return err
		}
		*asked++
	}
	return nil
}

// AskAt sends purchases at a rate, for a while, and waits for no answer.
func (l *Service) AskAt(s Some, asked *int) error {
	tick := time.NewTicker(time.Second / time.Duration(s.Rate))
	defer tick.Stop()
	for end := time.Now().Add(s.During); time.Now().Before(end); *asked++ {
		<-tick.C
		if _, err := l.crowd.Players[*asked%len(l.crowd.Players)].ask(); err != nil {
			return err
		}
	}
	return nil
}

// Echo has connections send a text and wait for its answer.
func (l *Service) Echo(s Some, took *[]time.Duration) (err error) {
	*took, err = l.crowd.echo(context.Background(), s)
	return err
}

// Reply sends a text once and tells its answer.
func (l *Service) Reply(s Some, reply *string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	line, err := l.crowd.newLine(ctx, s, 0)
	if err != nil {
		return err
	}
	defer line.Close()
	if err := line.WriteMessage(websocket.TextMessage, []byte(s.Text)); err != nil {
		return err
	}
	text, err := s.answer(line)
	*reply = string(text)
	return err
}

// Take tells what happened since the last call.
func (l *Service) Take(_ int, seen *Seen) error {
	*seen = l.crowd.Take()
	return nil
}
