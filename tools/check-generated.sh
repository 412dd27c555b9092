#!/usr/bin/env bash
# Fails if the committed generated code is not what payment.proto and the pinned generator give. It leaves the working
# tree as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
go tool -modfile=tools/go.mod buf generate --output "$fresh"
find "$fresh" -name '*.go' | while read -r file; do
  diff -u "${file#"$fresh"/}" "$file" || { echo "stale generated code: run make generate" >&2; exit 1; }
done
