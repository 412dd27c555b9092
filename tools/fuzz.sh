#!/usr/bin/env bash
# Runs every fuzz target there is with as many inputs as the argument says (10000x).
#
# Inputs are counted because Go before 1.27 may fail a target that ends by the clock, with "context deadline
# exceeded" and nothing found (go.dev/issue/75804). A time (1m) is taken as well, by those who watch.
set -euo pipefail
cd "$(dirname "$0")/.."

for package in $(go list ./...); do
  for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    echo "$package $target"
    if ! said=$(go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-10000x}" "$package" 2>&1); then
      echo "$said" # with the input that was found, and where it is kept
      exit 1
    fi
    tail -1 <<<"$said"
  done
done
