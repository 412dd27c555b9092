#!/usr/bin/env bash
# Tests the mini-game client: its types, its behaviour, what it does on real game servers, and that what is committed of
# it is what its sources give. Fails if a test was left out, and leaves the working tree as it is.
#
# Node comes from Debian's packages where there is none; npm's registry is asked for what package-lock.json pins.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
step() { echo "== $* ($SECONDS s)"; }
say() { echo "$*" >&2; }

same() { # committed, fresh
  diff -ru "$1" "$2" >"$fresh/diff" || { head -40 "$fresh/diff" >&2; say "$1 is stale: run make client"; exit 1; }
}

tools/node.sh
step "packages"
npm --prefix client ci --no-audit --no-fund --loglevel error
step "types"
npm --prefix client run --silent check
step "what is committed is what the sources give"
go tool -modfile=tools/go.mod buf generate --template client/buf.gen.yaml --output "$fresh"
same client/src/generated "$fresh/client/src/generated"
node client/build.mjs "$fresh/dist"
same client/dist "$fresh/dist"
step "tests"
npm --prefix client test --silent
step "the client is well"
