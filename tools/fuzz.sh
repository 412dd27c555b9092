#!/usr/bin/env bash
# Runs every fuzz target there is for as long as the argument says (3s).
set -euo pipefail
cd "$(dirname "$0")/.."

for package in $(go list ./...); do
  for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    echo "$package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-3s}" "$package" | tail -1
  done
done
