package module

import (
	"testing"

	leaflog "github.com/name5566/leaf/log"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	quiet, err := leaflog.New("fatal", "", 0)
	if err != nil {
		panic(err)
	}
	leaflog.Export(quiet) // what Leaf recovers is asserted, not read
	goleak.VerifyTestMain(m)
}
