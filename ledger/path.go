package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// ErrBadPath is a path that no SQLite ledger can be at, or that was most likely meant otherwise. It comes as a
// *PathError.
var ErrBadPath = errors.New("ledger: no path for a ledger")

// PathError says what is wrong with a path.
type PathError struct {
	// Path is as it was given, but "…" where it may be the address of a server, with a password. What is wrong with it and
	// what would be right.
	Path, What string
	Err        error // of the system, or nil
}

func (e *PathError) Error() string { return fmt.Sprintf("%q %s", e.Path, e.What) }

// Is makes errors.Is(err, ErrBadPath) hold.
func (e *PathError) Is(target error) bool { return target == ErrBadPath }

// Unwrap is the system's error.
func (e *PathError) Unwrap() error { return e.Err }

// suspicious are paths that a shell, another system or another program would have understood. SQLite makes a file or a
// folder of that very name, and the orders are where nobody looks for them.
var suspicious = []struct {
	form *regexp.Regexp
	what string
}{
	{regexp.MustCompile(`^env:`), "is no file: a variable of the environment is read where the config is"},
	{regexp.MustCompile(`^~`), "begins with ~, which only a shell replaces: write the whole path"},
	{regexp.MustCompile(`\$[A-Za-z_{(]`), "has a $ that only a shell replaces: write the whole path, or env:NAME for all of it"},
	{regexp.MustCompile(`%[A-Za-z_][A-Za-z0-9_()]*%`), "has a %NAME% that nobody replaces: write the whole path"},
	{regexp.MustCompile(`\?[A-Za-z_]+=`), "has options after a ?: give the plain path, how the file is opened is the ledger's business"},
	{regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+://`), "is the address of a server, and the driver is sqlite"},
	{regexp.MustCompile(`@(tcp|unix)\(|(^|\s)(host|user|password|dbname)=`), "is the address of a server, and the driver is sqlite"},
	{regexp.MustCompile(`^\s|\s$`), "begins or ends with white space"},
	{regexp.MustCompile(`[\x00-\x1f\x7f]`), "has a control character"},
	{regexp.MustCompile(`:memory:|mode=memory`), "would be lost with the process: give a file"},
}

// foreign are paths of Windows, where this is none.
var foreign = regexp.MustCompile(`^[A-Za-z]:[\\/]|^\\\\|^[^/]*\\[^/]*$`)

// CheckPath tells where a SQLite ledger of that path is, absolute, or with a *PathError why it cannot be there. It
// makes nothing. Two slashes at the beginning are one, as the system reads them, and "file:" before a path is left out.
func CheckPath(path string) (absolute string, err error) {
	fault := func(err error, format string, args ...any) (string, error) {
		return "", &PathError{shown(path), fmt.Sprintf(format, args...), err}
	}
	plain := path
	if rest, uri := strings.CutPrefix(path, "file:"); uri {
		if host, isHost := strings.CutPrefix(rest, "//"); isHost && !strings.HasPrefix(host, "/") {
			return fault(nil, "names another machine: give the plain path of a file of this one")
		}
		plain = rest
	}
	if plain == "" {
		return fault(nil, "is no path: give that of the file that keeps the orders")
	}
	for _, s := range suspicious {
		if s.form.MatchString(plain) {
			return fault(nil, "%s", s.what)
		}
	}
	if runtime.GOOS != "windows" && foreign.MatchString(plain) {
		return fault(nil, "is a path of Windows, and this is %s", runtime.GOOS)
	}
	if absolute, err = filepath.Abs(plain); err != nil {
		return fault(err, "has no absolute form: %v", cause(err))
	}
	info, err := os.Stat(absolute)
	switch {
	case err == nil && info.IsDir(), os.IsPathSeparator(plain[len(plain)-1]):
		return fault(nil, "is a folder: give the path of a file in it")
	case err == nil && !info.Mode().IsRegular():
		return fault(nil, "is no file but %s", info.Mode().Type())
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return absolute, nil
	default: // a file where a folder should be, no right to look
		return fault(err, "cannot be reached: %v", cause(err))
	}
}

// shown is a path as an error may show it.
func shown(path string) string {
	if strings.ContainsAny(path, "@=") || strings.Contains(path, "://") {
		return "…"
	}
	return path
}

// cause is a system's error without the path, which is told already.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// prepareFile makes the folders on the way and the file, for this user alone, and sees that it can be written. SQLite
// gives the files beside it the same rights.
func prepareFile(path string) error {
	fault := func(err error, what string) error {
		return &PathError{shown(path), fmt.Sprintf("%s: %v", what, cause(err)), err}
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fault(err, "has a folder that cannot be made")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case err == nil: // nobody has it open yet, so that closing it ends no lock
		if err := file.Close(); err != nil {
			return fault(err, "cannot be made")
		}
		return nil
	case !errors.Is(err, fs.ErrExist):
		return fault(err, "cannot be made")
	}
	if err := mayWrite(path); err != nil {
		return fault(err, "is read-only for this user")
	}
	if err := mayWrite(folder); err != nil {
		return fault(err, "is in a folder that is read-only for this user, and SQLite keeps files beside it")
	}
	return nil
}

// exposed is what others than its owner may do with a file; 0: nothing. Where files have no such rights it is 0.
func exposed(path string) fs.FileMode {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return 0
	}
	return info.Mode().Perm() & 0o077
}
