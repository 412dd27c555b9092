package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// static is what `make page` has built.
//
//go:embed static
var static embed.FS

// pages serves the built page by path. Browsers keep it and ask each time whether it is still the same.
type pages map[string]file

type file struct {
	content []byte
	tag     string
}

func newPages() (pages, error) {
	p := pages{}
	root, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		sum := sha256.Sum256(content)
		p["/"+path] = file{content, `"` + hex.EncodeToString(sum[:8]) + `"`}
		return err
	})
	p["/"] = p["/index.html"]
	return p, err
}

// ServeHTTP serves one file.
func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p[r.URL.Path]
	switch {
	case !ok:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a page can only be read", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", f.tag)
	name := r.URL.Path
	if name == "/" {
		name = "index.html"
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
}

// newGateProxy passes a page's WebSocket on to Leaf's gate, after the check that the gate does not make.
func newGateProxy(wsAddr string) http.Handler {
	gate := &url.URL{Scheme: "http", Host: wsAddr}
	return sameOrigin(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(gate)
			r.Out.URL.Path = "/"
			r.SetXForwarded()
			r.Out.Header.Del("Cookie")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "the game does not answer", http.StatusBadGateway)
		},
		ErrorLog: discard,
	})
}
