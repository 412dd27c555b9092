// Command plugin is the same host with leafmidas.
package main

import (
	"context"
	"database/sql"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/name5566/leaf"
	"github.com/name5566/leaf/gate"
	"github.com/name5566/leaf/module"
	"github.com/name5566/leaf/network/json"

	"github.com/leafmidas/leafmidas/plugin"
)

func main() {
	db, err := sql.Open("pgx", os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := db.Ping(); err != nil {
		panic(err)
	}
	pay := plugin.New()
	if err := pay.Configure(plugin.Config{Ledger: plugin.LedgerConfig{Driver: "postgres", DSN: plugin.Secret(os.Args[1])}}); err != nil {
		panic(err)
	}
	pay.HandleDeliverTx(func(context.Context, *sql.Tx, plugin.Order) error { return nil })
	processor := json.NewProcessor()
	pay.Route(processor)
	leaf.Run(pay.Module(), &served{Skeleton: &module.Skeleton{}, Gate: &gate.Gate{Processor: processor}})
}

type served struct {
	*module.Skeleton
	*gate.Gate
}

func (s *served) OnInit()                { s.Skeleton.Init() }
func (s *served) OnDestroy()             {}
func (s *served) Run(closeSig chan bool) { s.Skeleton.Run(closeSig) }
