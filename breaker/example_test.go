package breaker_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/midas"
)

// After too many failures calls are held back, and say for how long.
func ExampleNew() {
	service := newService() // stands for a midas.Client
	service.set(&midas.CallError{Kind: midas.ErrTimeout})
	circuit := breaker.New(service, breaker.Config{MinRequests: 3})
	defer circuit.Close()
	for range 4 {
		_, err := circuit.Pay(context.Background(), midas.PayRequest{BillNo: "bill-1", Amount: 30})
		fmt.Println(errors.Is(err, breaker.ErrOpen), midas.VerdictOf(err))
	}
	// Output:
	// false unknown
	// false unknown
	// false unknown
	// true not done, try later
}
