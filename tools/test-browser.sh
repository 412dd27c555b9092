#!/usr/bin/env bash
# Tests the pages of example_server in a real Chromium, and that what is committed of them is what their sources give.
# Fails if a test was left out, and leaves the working tree as it is.
#
# Chromium, Node and the database servers come from Debian's packages where there are none; npm's registry is asked for what package-lock.json pins.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
if [ -z "${LEAFMIDAS_TEST_REDIS:-}" ]; then # two servers with one till need them
  export LEAFMIDAS_SERVICES=${TMPDIR:-/tmp}/leafmidas-services-$$ # nobody else's
  services=$PWD/tools/services.sh
  trap '"$services" stop; rm -rf "$fresh"' EXIT
  variables=$(tools/services.sh start)
  eval "$variables"
fi

chromium=()
command -v chromium >/dev/null || chromium=(chromium fonts-noto-cjk)
tools/node.sh "${chromium[@]}"

for page in example_server/web ops; do # its sources are in page, what is served in static
  (cd "$page/page" && npm ci --no-audit --no-fund --loglevel error && npm run --silent check && node build.mjs "$fresh/static")
  diff -rq "$fresh/static" "$page/static" || { echo "the page of $page is stale: run make page" >&2; exit 1; }
done

cd example_server/web/browsertest
go vet .
go test -count=1 -v . "$@" 2>&1 | tee "$fresh/log" | grep -v '^=== ' # its failure is the pipe's, by pipefail
if grep -E '^ *--- SKIP' "$fresh/log" >&2; then echo "the tests above were skipped" >&2; exit 1; fi
