#!/usr/bin/env bash
# Runs what takes too long for `make test`: many more histories, and servers killed hundreds of times, with every fault, on every
# database and by both protocols. Each run prints its seed; the first that fails ends it.
#
#   KILLS=300 HISTORIES=20000 SEED=1 tools/soak.sh
set -euo pipefail
cd "$(dirname "$0")/.."

: "${KILLS:=300}" "${HISTORIES:=20000}" "${SEED:=0}"
step() { echo "== $* ($SECONDS s)"; }

step "code broken on purpose"
tools/mutants.sh
step "$HISTORIES histories"
go test -timeout 0 -run TestEveryHistoryEndsWithBooksThatAgree ./payment -rapid.checks "$HISTORIES"
for driver in sqlite postgres mysql; do
  for protocol in v1 v2; do
    step "a server killed $KILLS times, ledger on $driver, protocol $protocol"
    tools/chaos.sh -kills "$KILLS" -seed "$SEED" -driver "$driver" -protocol "$protocol"
  done
done
for fleet in "postgres v1" "mysql v2" "postgres v2" "mysql v1"; do
  read -r driver protocol <<<"$fleet"
  step "three servers killed $((KILLS / 3)) times, ledger on $driver, protocol $protocol"
  tools/chaos.sh -servers 3 -kills "$((KILLS / 3))" -seed "$SEED" -driver "$driver" -protocol "$protocol"
done
step "all is well"
