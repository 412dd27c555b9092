#!/usr/bin/env bash
# Runs the browser tests of the shop page, of which none may skip, and fails if the committed page is not its sources'.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null; then
  command -v apt-get >/dev/null || { echo "install chromium yourself" >&2; exit 1; }
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo env DEBIAN_FRONTEND=noninteractive bash -c "p='chromium fonts-noto-cjk'
    apt-get install -y --no-install-recommends \$p || { apt-get update && apt-get install -y --no-install-recommends \$p; }" >&2
fi

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
(cd example_server/web/page && npm ci --no-audit --no-fund --silent && npx tsc --noEmit && node build.mjs "$fresh")
diff -r "$fresh" example_server/web/static || { echo "stale page: run make page" >&2; exit 1; }

cd example_server/web/browsertest
go test -count=1 -v . "$@" 2>&1 | tee "$fresh/log"
if grep -E '^ *--- SKIP' "$fresh/log" >&2; then echo "the tests above were skipped" >&2; exit 1; fi
