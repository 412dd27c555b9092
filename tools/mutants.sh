#!/usr/bin/env bash
# Breaks the code on purpose, one promise at a time, and fails unless the test that is named for the promise notices each time.
#
#   tools/mutants.sh [PART OF A NAME]
#
# A mutant has to compile, or it is an error. It is noticed if a test that is named for it fails, panics or hangs, and nothing else
# counts. Each of those tests has to pass on the code as it is. Nothing is changed in place: go's -overlay puts the broken file in.
# The tests run on SQLite alone, whatever databases are there. docs/mutants.md says what notices each.
set -euo pipefail
cd "$(dirname "$0")/.."
unset LEAFMIDAS_TEST_POSTGRES LEAFMIDAS_TEST_MYSQL LEAFMIDAS_TEST_REDIS

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
only=${1:-}
packages=() names=() files=() tests=() edits=() reasons=()

# mutant PKG NAME FILE TESTS PERL [REASON]: what is broken, where, and how. TESTS are those that have to notice, with spaces in between;
# Test/sub runs only that part of it. REASON says why a mutant may survive; then it has to.
mutant() {
  case "$2" in *"$only"*) ;; *) return 0 ;; esac
  packages+=("$1") names+=("$2") files+=("$3") tests+=("$4") edits+=("$5") reasons+=("${6:-}")
}

# pattern TEST...: what -test.run takes for just these.
pattern() {
  local out="" t
  for t in "$@"; do
    t="^${t//\//\$/^}\$"
    out+="${out:+|}$t"
  done
  echo "$out"
}

# run PKG BINARY TEST...: the output of these tests. What they do is in it, so a failure is none of this function's.
run() {
  local pkg=$1 binary=$2 more=()
  shift 2
  # What a broken build fails with is no example to keep.
  ! grep -qs '"pgregory.net/rapid"' "$pkg"/*_test.go || more=(-rapid.nofailfile)
  (cd "$pkg" && "$binary" "${more[@]}" -test.v -test.failfast -test.timeout 60s -test.run "$(pattern "$@")" 2>&1) || true
}

# unfinished OUTPUT: the tests that began and did not end, for the process ended before: by a panic, or by its time limit.
unfinished() {
  awk '/^=== RUN / { if ($3 !~ /\//) began[$3] = 1 } /^--- / { delete began[$3] } END { for (t in began) print t }' <<<"$1"
}

# noticed OUTPUT TEST...: which of the tests noticed, and how. The list is empty if none did.
noticed() {
  local output=$1 t name late
  shift
  late=$(unfinished "$output")
  for t in "$@"; do
    name=${t%%/*}
    if grep -q "^--- FAIL: $name " <<<"$output"; then
      echo "$name"
    elif grep -qx "$name" <<<"$late" && grep -q '^panic: test timed out' <<<"$output"; then
      echo "$name (hangs)"
    elif grep -qx "$name" <<<"$late" && grep -qE '^(panic|fatal error): ' <<<"$output"; then
      echo "$name (panics)"
    fi
  done | sort -u
}

# A build for each package, and a run of all tests that are named, on the code as it is.
unbroken() {
  local pkg output t
  for pkg in $(printf '%s\n' "${packages[@]}" | sort -u); do
    local all=() i
    for i in "${!packages[@]}"; do
      [ "${packages[$i]}" != "$pkg" ] || read -ra all <<<"${all[*]} ${tests[$i]}"
    done
    readarray -t all < <(printf '%s\n' "${all[@]}" | sort -u)
    go test -c -ldflags='-s -w' -o "$work/unbroken.test" "./$pkg"
    output=$(run "$pkg" "$work/unbroken.test" "${all[@]}")
    for t in "${all[@]}"; do
      grep -q "^--- PASS: ${t%%/*} " <<<"$output" && { [[ $t != */* ]] || grep -q "^ *--- PASS: ${t// /_} " <<<"$output"; } || {
        echo "$t does not pass on the code as it is:" >&2
        grep -v '^time=' <<<"$output" | tail -30 >&2
        exit 1
      }
    done
  done
}

# breaks I: whether the Ith mutant is as it should be. What came of it is said either way.
breaks() {
  local i=$1 broken=$work/broken.go output by
  local file=${files[$i]} name=${names[$i]}
  perl -0pe "${edits[$i]}" "$file" >"$broken"
  if cmp -s "$broken" "$file"; then
    echo "ERROR     $name: the code to break is no longer in $file"
    return 1
  fi
  printf '{"Replace": {"%s": "%s"}}' "$PWD/$file" "$broken" >"$work/overlay.json"
  if ! output=$(go test -c -ldflags='-s -w' -overlay "$work/overlay.json" -o "$work/mutant.test" "./${packages[$i]}" 2>&1); then
    echo "ERROR     $name: does not compile: $(sed -n 2,4p <<<"$output" | tr '\n' ' ')"
    return 1
  fi
  local named
  read -ra named <<<"${tests[$i]}"
  output=$(run "${packages[$i]}" "$work/mutant.test" "${named[@]}")
  by=$(noticed "$output" "${named[@]}" | paste -sd, | sed 's/,/, /g')
  if [ -n "$by" ] && [ -z "${reasons[$i]}" ]; then
    echo "noticed   $name: $by"
  elif [ -n "$by" ]; then
    echo "ERROR     $name: is noticed by $by, so it needs no reason to survive"
    return 1
  elif ! grep -q '^PASS$' <<<"$output"; then
    echo "ERROR     $name: the tests ended for a reason of their own: $(tail -3 <<<"$output" | tr '\n' ' ')"
    return 1
  elif [ -n "${reasons[$i]}" ]; then
    echo "survives  $name, and may: ${reasons[$i]}"
  else
    echo "SURVIVED  $name: none of ${tests[$i]} notices"
    return 1
  fi
}

. tools/mutants.list.sh
[ ${#names[@]} -gt 0 ] || { echo "no mutant is named like $only" >&2; exit 1; }
unbroken
faults=()
for i in "${!names[@]}"; do
  breaks "$i" || faults+=("${names[$i]}")
done
echo "${#names[@]} mutants, $((${#names[@]} - ${#faults[@]})) as they should be"
if [ ${#faults[@]} -gt 0 ]; then
  printf 'not so: %s\n' "${faults[@]}" >&2
  exit 1
fi
