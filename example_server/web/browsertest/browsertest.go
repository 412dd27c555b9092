// Package browsertest drives the shop page in a real Chromium against a real example_server. It is a module of its own,
// so that what drives the browser is no part of a host's build. Run it with tools/test-browser.sh.
package browsertest
