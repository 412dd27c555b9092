#!/usr/bin/env bash
# Runs chaos with the given flags; a database server that it needs is started before and stopped afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

case " $* " in
*" -driver sqlite "*) ;;
*)
  trap 'tools/services.sh stop' EXIT
  eval "$(tools/services.sh start)"
  ;;
esac
cd chaos && go run . "$@"
