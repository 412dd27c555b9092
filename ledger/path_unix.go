//go:build unix

package ledger

import "syscall"

// mayWrite asks the system. The file is not opened for it: closing it would end the locks that SQLite has in this
// process.
func mayWrite(path string) error { return syscall.Access(path, 6) } // R_OK | W_OK
