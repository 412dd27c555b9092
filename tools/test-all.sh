#!/usr/bin/env bash
# Runs everything that `make test` promises, against real servers, and fails if any test was left out.
#
#   HISTORIES=100 KILLS=15 FUZZTIME=2000x SEED=1 tools/test-all.sh [go test flags]
set -euo pipefail
cd "$(dirname "$0")/.."
export LEAFMIDAS_SERVICES=${TMPDIR:-/tmp}/leafmidas-services-$$ # nobody else's

began=$SECONDS
log=$(mktemp)
chaos=$(mktemp)
trap 'rm -f "$log" "$chaos"; tools/services.sh stop' EXIT
step() { echo "== $* ($((SECONDS - began)) s)"; }

step "database servers"
variables=$(tools/services.sh start) # on a line of its own, so that its failure ends this script
eval "$variables"

# What passes is only counted; everything else is shown as it comes. Tests wait more than they compute, so three packages run at once on two
# processors.
tests() {
  go test -v -p 3 -timeout 20m "$@" | tee -a "$log" | { grep --line-buffered -vE '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS|\?)|^(PASS|testing: warning)' || true; }
}

step "tests"
tests "$@" ./payment ./ledger ./... # the longest first
step "tests of chaos"
(cd chaos && go vet ./... && tests "$@" ./...)
if grep -E '^ *--- SKIP' "$log" >&2; then
  echo "the tests above were skipped" >&2
  exit 1
fi
echo "$(grep -cE '^ *--- PASS' "$log") tests passed"

step "the mini-game client"
tools/test-client.sh
step "the pages, in Chromium"
tools/test-browser.sh

step "alerts and dashboard, by promtool"
tools/test-monitoring.sh

step "every row of the benchmarks, in short"
make bench-short

step "${HISTORIES:=100} histories in each of four shards"
go test -run TestEveryHistoryEndsWithBooksThatAgree ./payment -rapid.checks "$HISTORIES"

step "${FUZZTIME:=2000x} inputs to every fuzz target"
tools/fuzz.sh "$FUZZTIME"

step "a server killed ${KILLS:=15} times, and everything else that befalls it, ledger on SQLite"
(cd chaos && go build -o "$chaos" .)
killed() { (cd chaos && "$chaos" -seed "${SEED:-0}" "$@"); }
killed -kills "$KILLS"
step "a server killed $((KILLS / 2)) times, ledger on PostgreSQL"
killed -kills "$((KILLS / 2))" -driver postgres -without clock # where clocks are wrong, orders wait for minutes
step "a server killed $((KILLS / 2)) times, ledger on MariaDB, protocol v2"
killed -kills "$((KILLS / 2))" -driver mysql -protocol v2 -without clock
for fleet in "postgres v1" "mysql v2"; do
  read -r driver protocol <<<"$fleet"
  step "three servers killed $((KILLS / 3)) times at least, lines spoilt, Redis and tokens killed, ledger on $driver, protocol $protocol"
  killed -servers 3 -kills "$((KILLS / 3))" -driver "$driver" -protocol "$protocol" -without clock
done
step "all is well"
