#!/usr/bin/env bash
# Runs chaos with the given flags; a database server that it needs is started before and stopped afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
export LEAFMIDAS_SERVICES=${TMPDIR:-/tmp}/leafmidas-services-$$ # nobody else's

case " $* " in
*" -driver sqlite "*) ;;
*)
  trap 'tools/services.sh stop' EXIT
  variables=$(tools/services.sh start)
  eval "$variables"
  ;;
esac
(cd chaos && go run . "$@")
