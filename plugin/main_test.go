package plugin_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	leaflog "github.com/name5566/leaf/log"
	"go.uber.org/goleak"
)

// TestMain runs the tests and finds goroutines that were left behind. In a child process that a test started, it is the
// game server the test wants to see.
func TestMain(m *testing.M) {
	if scene := os.Getenv(childScene); scene != "" {
		child(scene)
		fmt.Println("ended")
		return
	}
	quiet, err := leaflog.New("fatal", "", 0)
	if err != nil {
		panic(err)
	}
	leaflog.Export(quiet)                                  // what Leaf recovers is asserted, not read
	if err := flag.Set("test.parallel", "8"); err != nil { // tests wait for Midas far more than they compute; -parallel overrides
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
