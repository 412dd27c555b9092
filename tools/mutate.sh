#!/usr/bin/env bash
# Has gremlins make every small change it knows to a package, one at a time, and says which of them no test of that package notices.
# It takes minutes to hours: a mutant costs a build and a run of the package's tests. docs/mutants.md has what came of it.
#
#   tools/mutate.sh PKG [FILE...]     e.g. tools/mutate.sh ./midas reply.go v1.go; all files where none is named
#
# RUN and SKIP are patterns of go test's -run and -skip. WORKERS is how many mutants are tested at once (2).
set -euo pipefail
cd "$(dirname "$0")/.."

tool=github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0
pkg=${1:?a package, such as ./midas}
shift

exclude=() # it can leave files out, and not name those that are meant
if [ $# -gt 0 ]; then
  for file in "$pkg"/*.go; do
    file=${file##*/}
    case "$file" in *_test.go) continue ;; esac
    case " $* " in *" $file "*) continue ;; esac
    exclude+=(-E "^${file//./\\.}$")
  done
  for file in "$@"; do
    [ -f "$pkg/$file" ] || { echo "there is no $pkg/$file" >&2; exit 1; }
  done
fi

# Databases that happen to run would make each mutant slower.
unset LEAFMIDAS_TEST_POSTGRES LEAFMIDAS_TEST_MYSQL LEAFMIDAS_TEST_REDIS
flags=$(go env GOFLAGS)
export GOFLAGS="$flags${RUN:+ -run=$RUN}${SKIP:+ -skip=$SKIP}"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOFLAGS=$flags GOBIN=$bin go install "$tool"
"$bin/gremlins" unleash --workers "${WORKERS:-2}" --timeout-coefficient 5 "${exclude[@]}" "$pkg"
