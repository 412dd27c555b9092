package ops

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// static is what `make page` has built.
//
//go:embed static
var static embed.FS

// pages serves the built page by path.
type pages map[string][]byte

func newPages() (pages, error) {
	p := pages{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		p["/"+path.Base(name)], err = fs.ReadFile(static, name)
		return err
	})
	return p, err
}

func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if name == "/" {
		name = "/index.html"
	}
	content, there := p[name]
	switch {
	case !there:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a page can only be read", http.StatusMethodNotAllowed)
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
