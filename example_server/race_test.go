//go:build race

package main_test

// buildFlags give the server under test the race detector of the test.
var buildFlags = []string{"-race"}
