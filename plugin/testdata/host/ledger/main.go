// Command ledger is the host of driver with leafmidas's ledger in place of a database of its own.
package main

import (
	"context"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/name5566/leaf"
	"github.com/name5566/leaf/gate"
	"github.com/name5566/leaf/module"
	"github.com/name5566/leaf/network/json"

	"github.com/leafmidas/leafmidas/ledger"
)

func main() {
	orders, err := ledger.Open(context.Background(), ledger.Config{Driver: "postgres", DSN: os.Args[1]})
	if err != nil {
		panic(err)
	}
	if err := orders.TryWrite(context.Background()); err != nil {
		panic(err)
	}
	leaf.Run(&served{Skeleton: &module.Skeleton{}, Gate: &gate.Gate{Processor: json.NewProcessor()}})
}

type served struct {
	*module.Skeleton
	*gate.Gate
}

func (s *served) OnInit()                { s.Skeleton.Init() }
func (s *served) OnDestroy()             {}
func (s *served) Run(closeSig chan bool) { s.Skeleton.Run(closeSig) }
