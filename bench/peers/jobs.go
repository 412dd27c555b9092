package peers

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"golang.org/x/sync/errgroup"
)

// Jobs is River, the job queue on PostgreSQL that most Go teams take: a job is stored, fetched, and completed.
type Jobs struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	ended  <-chan *river.Event
	stop   func()
}

type nothing struct{}

func (nothing) Kind() string { return "nothing" }

type idle struct{ river.WorkerDefaults[nothing] }

func (idle) Work(context.Context, *river.Job[nothing]) error { return nil }

// NewJobs makes River's tables in a database, and works on so many jobs at once.
func NewJobs(ctx context.Context, dsn string, atOnce int) (*Jobs, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	j := &Jobs{pool: pool}
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, idle{})
	j.client, err = river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atOnce}}, Workers: workers,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err == nil {
		err = j.client.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	j.ended, j.stop = j.client.SubscribeConfig(&river.SubscribeConfig{ChanSize: 50_000, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	return j, nil
}

// Run stores so many jobs from so many goroutines, and returns when all are completed.
func (j *Jobs) Run(ctx context.Context, count, atOnce int) error {
	var done sync.WaitGroup
	done.Go(func() {
		for range count {
			select {
			case <-j.ended:
			case <-ctx.Done():
				return
			}
		}
	})
	err := share(ctx, count, atOnce, func(ctx context.Context, _ int) error {
		_, err := j.client.Insert(ctx, nothing{}, nil)
		return err
	})
	if err != nil {
		return err
	}
	done.Wait()
	return ctx.Err()
}

// Close stops River.
func (j *Jobs) Close() (err error) {
	if j.stop != nil {
		j.stop()
		err = j.client.Stop(context.Background())
	}
	j.pool.Close()
	return err
}

// Table is what a team would write: a table of orders, each stored and moved on by statements of their own.
type Table struct{ pool *pgxpool.Pool }

// NewTable makes the table.
func NewTable(ctx context.Context, dsn string) (*Table, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, `CREATE TABLE orders (id TEXT PRIMARY KEY, player TEXT NOT NULL, item TEXT NOT NULL, amount BIGINT NOT NULL,
		state TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now(), updated_at TIMESTAMPTZ NOT NULL DEFAULT now());
		CREATE INDEX ON orders (player); CREATE INDEX ON orders (state)`)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Table{pool}, nil
}

// Run takes so many orders through all states from so many goroutines. id names the order with that number.
func (t *Table) Run(ctx context.Context, count, atOnce int, id func(int) string) error {
	return share(ctx, count, atOnce, func(ctx context.Context, n int) error {
		name := id(n)
		_, err := t.pool.Exec(ctx, `INSERT INTO orders (id, player, item, amount, state) VALUES ($1, $2, 'sword', 1, 'created')`, name, "o"+name)
		for _, move := range [][2]string{{"created", "paying"}, {"paying", "paid"}, {"paid", "delivered"}} {
			if err != nil {
				return err
			}
			_, err = t.pool.Exec(ctx, `UPDATE orders SET state = $3, updated_at = now() WHERE id = $1 AND state = $2`, name, move[0], move[1])
		}
		return err
	})
}

// Close ends the connections.
func (t *Table) Close() error {
	t.pool.Close()
	return nil
}

// share has goroutines do count things, with the numbers from 0.
func share(ctx context.Context, count, atOnce int, do func(ctx context.Context, n int) error) error {
	group, inner := errgroup.WithContext(ctx)
	for first := range atOnce {
		group.Go(func() error {
			for n := first; n < count; n += atOnce {
				if err := do(inner, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
