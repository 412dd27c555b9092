// Package process runs parts of a measurement in processes of their own: the program starts itself once more with a
// hidden subcommand, and tells that process over a pair of pipes what to do. The pipes are not standard input and
// output, for what is measured may write there as it likes.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"syscall"
)

// Process is one such process, as the one that measures sees it.
type Process struct {
	cmd *exec.Cmd
	rpc *rpc.Client
}

// The pipes' places among a process's files: the first two after standard error.
const (
	fileAsked    = 3
	fileAnswered = 4
)

// pipes is a connection over two pipes.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// Start starts this program with args. What the process prints goes to output. It ends with ctx, or by Close.
func Start(ctx context.Context, output io.Writer, args ...string) (*Process, error) {
	return StartOf(ctx, "", output, args...)
}

// StartOf is Start of the program at a path: this one at another commit. An empty path is this one.
func StartOf(ctx context.Context, program string, output io.Writer, args ...string) (*Process, error) {
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		program = self
	}
	asked, ask, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	answers, answer, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, asked.Close(), ask.Close())
	}
	p := &Process{cmd: exec.CommandContext(ctx, program, args...)}
	p.cmd.Stdout, p.cmd.Stderr = output, output
	p.cmd.ExtraFiles = []*os.File{asked, answer}
	err = p.cmd.Start()
	err = errors.Join(err, asked.Close(), answer.Close())
	if err != nil {
		return nil, errors.Join(err, ask.Close(), answers.Close())
	}
	p.rpc = rpc.NewClient(pipes{answers, ask})
	return p, nil
}

// Serve answers what Start's caller asks, as the methods of service do under that name, until it closes the process.
func Serve(name string, service any) error {
	server := rpc.NewServer()
	if err := server.RegisterName(name, service); err != nil {
		return err
	}
	server.ServeConn(pipes{os.NewFile(fileAsked, "asked"), os.NewFile(fileAnswered, "answered")})
	return nil
}

// Call has the process do something. When ctx ends first, the process goes on.
func (p *Process) Call(ctx context.Context, method string, args, reply any) error {
	call := p.rpc.Go(method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		if call.Error != nil {
			return fmt.Errorf("%s: %w", method, call.Error)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// Pid is the process's number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Close tells the process that nobody will ask any more, and waits for its end.
func (p *Process) Close() error { return errors.Join(p.rpc.Close(), p.cmd.Wait()) }

// files is more than any process has to have open here, and manyFiles more than any would like to.
const (
	files     = 16_000
	manyFiles = 60_000
)

// RaiseLimit makes room for as many connections as players have here; processes started afterwards inherit it.
func RaiseLimit() error {
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: manyFiles, Max: manyFiles}) == nil { // root may
		return nil
	}
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if l.Max < files {
		return fmt.Errorf("this opens up to %d connections in a process, and the limit is %d: see ulimit -Hn", files, l.Max)
	}
	l.Cur = l.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}

// MostConnections is how many connections a process of a measurement may have: 50,000, or what the limit of files
// leaves.
func MostConnections() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return files
	}
	return min(50_000, int(l.Cur)-2_000)
}
