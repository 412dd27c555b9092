#!/usr/bin/env bash
# Runs the tests with the given go test flags and fails if any of them was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -v "$@" ./... | tee "$log"
if grep -E '^ *--- SKIP' "$log" >&2; then
  echo "LEAFMIDAS_TEST_ALL=1, yet the tests above were skipped" >&2
  exit 1
fi
