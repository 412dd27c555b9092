// Command driver is a host that has Leaf and a driver of PostgreSQL.
package main

import (
	"database/sql"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/name5566/leaf"
	"github.com/name5566/leaf/gate"
	"github.com/name5566/leaf/module"
	"github.com/name5566/leaf/network/json"
)

func main() {
	db, err := sql.Open("pgx", os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := db.Ping(); err != nil {
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
