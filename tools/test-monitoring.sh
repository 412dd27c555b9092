#!/usr/bin/env bash
# Tests the alert rules and the dashboard with Prometheus's own promtool, which comes from Debian's packages where there is none.
# Fails if a test was left out.
set -euo pipefail
cd "$(dirname "$0")/../metrics/monitoring"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! command -v promtool >/dev/null; then
  command -v apt-get >/dev/null || { echo "install these yourself: prometheus" >&2; exit 1; }
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  # Debian's package would start a server of its own.
  $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 bash -c "
    apt-get install -y --no-install-recommends prometheus || { apt-get update && apt-get install -y --no-install-recommends prometheus; }
  " >"$log" 2>&1 || { tail -5 "$log" >&2; exit 1; }
fi
go vet .
go test -count=1 -v . 2>&1 | tee "$log" | grep -v '^=== ' # its failure is the pipe's, by pipefail
if grep -E '^ *--- SKIP' "$log" >&2; then echo "the tests above were skipped" >&2; exit 1; fi
