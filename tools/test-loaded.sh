#!/usr/bin/env bash
# Runs go test TIMES times on a machine that has something else to do: for each processor a process that computes, and one more that
# writes to the disk, for MINUTES at most. What fails here and nowhere else depends on how fast the machine is.
#
#   TIMES=3 MINUTES=60 tools/test-loaded.sh [go test flags and packages]
set -euo pipefail
cd "$(dirname "$0")/.."

: "${TIMES:=3}" "${MINUTES:=60}"
if [ -z "${LEAFMIDAS_TEST_REDIS:-}" ]; then
  export LEAFMIDAS_SERVICES=${TMPDIR:-/tmp}/leafmidas-services-$$ # nobody else's
  variables=$(tools/services.sh start)
  eval "$variables"
  stop_services() { tools/services.sh stop; }
fi
load=()
scratch=$(mktemp)
end() {
  for pid in "${load[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -f "$scratch"
  if declare -F stop_services >/dev/null; then stop_services; fi
}
trap end EXIT

for _ in $(seq "$(nproc)"); do
  timeout "${MINUTES}m" sh -c 'while :; do :; done' &
  load+=($!)
done
timeout "${MINUTES}m" sh -c 'while :; do dd if=/dev/zero of="$1" bs=1M count=64 conv=fsync 2>/dev/null; done' sh "$scratch" &
load+=($!)

[ $# -gt 0 ] || set -- ./...
for n in $(seq "$TIMES"); do
  echo "== time $n of $TIMES, load $(cut -d' ' -f1 /proc/loadavg) ($SECONDS s)"
  go test -count=1 -timeout 30m "$@" # by itself go test gives a package 10 minutes
done
for pid in "${load[@]}"; do
  kill -0 "$pid" 2>/dev/null || { echo "the load ended before the tests did: give it more MINUTES" >&2; exit 1; }
done
echo "== all is well under load ($SECONDS s)"
