#!/usr/bin/env bash
# Installs Node and npm from Debian's packages where there are none, and the packages named as arguments. The client and the
# pages are built with them; nothing else needs Node.
set -euo pipefail

missing=("$@")
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null || { echo "install these yourself: ${missing[*]}" >&2; exit 1; }

echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
$sudo env DEBIAN_FRONTEND=noninteractive bash -c "
  apt-get install -y --no-install-recommends ${missing[*]} || { apt-get update && apt-get install -y --no-install-recommends ${missing[*]}; }
" >"$log" 2>&1 || { tail -5 "$log" >&2; exit 1; }
