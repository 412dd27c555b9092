#!/usr/bin/env bash
# Starts the database servers and the Redis that tests need, on ports that are free, and stops them again.
#
#   eval "$(tools/services.sh start)"   # installs what is missing (Debian), starts, prints the variables tests look for
#   tools/services.sh kill postgres     # or mysql: it dies as by kill -9; revive starts it again on the same port and data
#   tools/services.sh stop
#
# Nothing of theirs outlives stop: data lies in a folder under TMPDIR, or in LEAFMIDAS_SERVICES.
set -euo pipefail

dir=$(realpath -m "${LEAFMIDAS_SERVICES:-${TMPDIR:-/tmp}/leafmidas-services}")

say() { echo "$*" >&2; }

# A port that nobody listens on.
free_port() {
  local port
  for port in $(shuf -i 20000-32000 -n 100); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  say "no free port"; exit 1
}

postgres_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }

install() {
  local missing=()
  [ -n "$(postgres_bin)" ] || missing+=(postgresql)
  command -v mariadbd >/dev/null || missing+=(mariadb-server)
  command -v redis-server >/dev/null || missing+=(redis-server)
  command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer) # a test starts its own
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || { say "install these yourself: ${missing[*]}"; exit 1; }
  say "installing ${missing[*]}"
  local sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  # Debian's packages would start servers of their own on the usual ports.
  $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 bash -c "
    apt-get install -y --no-install-recommends ${missing[*]} || { apt-get update && apt-get install -y --no-install-recommends ${missing[*]}; }
  " >"$dir/apt.log" 2>&1 || { tail -5 "$dir/apt.log" >&2; exit 1; }
}

# PostgreSQL refuses to run as root, and complains of a folder that it may not enter.
unprivileged() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

wait_for() { # name, log, command…
  local name=$1 log=$2; shift 2
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  say "$name does not start:"; tail -5 "$log" >&2; exit 1
}

start_postgres() {
  local bin data=$dir/postgres log=$dir/postgres.log; bin=$(postgres_bin)
  mkdir -p "$data"; : >"$log"
  if [ "$(id -u)" = 0 ]; then chown postgres "$data" "$log"; fi
  [ -e "$data/PG_VERSION" ] || unprivileged "$bin/initdb" -D "$data" -U postgres -A trust --no-sync --encoding=UTF8 --locale=C >"$dir/initdb.log" 2>&1 || { tail -5 "$dir/initdb.log" >&2; exit 1; }
  unprivileged "$bin/pg_ctl" -D "$data" -l "$log" -w -t 60 -o "-p $pg_port -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories='' -c max_connections=300 -c fsync=off" start >/dev/null || { tail -5 "$log" >&2; exit 1; }
}

start_mysql() {
  local data=$dir/mysql log=$dir/mysql.log user
  user=$(id -un)
  [ -e "$data/mysql" ] || mariadb-install-db --no-defaults --datadir="$data" --user="$user" --auth-root-authentication-method=normal \
    --skip-test-db >"$dir/install-db.log" 2>&1 || { tail -5 "$dir/install-db.log" >&2; exit 1; }
  mariadbd --no-defaults --datadir="$data" --user="$user" --port="$my_port" --bind-address=127.0.0.1 --socket="$dir/mysql.sock" \
    --pid-file="$dir/mysql.pid" --max-connections=300 --innodb-flush-log-at-trx-commit=2 --skip-log-bin >"$log" 2>&1 &
  wait_for MariaDB "$log" mariadb --no-defaults --socket="$dir/mysql.sock" -uroot -e "SELECT 1"
  mariadb --no-defaults --socket="$dir/mysql.sock" -uroot -e \
    "CREATE OR REPLACE USER leafmidas@'127.0.0.1' IDENTIFIED BY 'leafmidas'; GRANT ALL ON *.* TO leafmidas@'127.0.0.1' WITH GRANT OPTION"
}

start_redis() {
  redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir" --daemonize yes \
    --pidfile "$dir/redis.pid" --logfile "$dir/redis.log" >/dev/null
  wait_for Redis "$dir/redis.log" redis-cli -p "$redis_port" ping
}

case ${1:-} in
start)
  [ ! -e "$dir" ] || "$0" stop
  mkdir -p "$dir"; chmod 755 "$dir"
  install
  pg_port=$(free_port)
  start_postgres
  my_port=$(free_port)
  start_mysql
  redis_port=$(free_port)
  start_redis
  echo "pg_port=$pg_port my_port=$my_port" >"$dir/ports"
  say "PostgreSQL on port $pg_port, MariaDB on port $my_port, Redis on port $redis_port"
  echo "export LEAFMIDAS_TEST_POSTGRES='postgres://postgres@127.0.0.1:$pg_port/postgres?sslmode=disable'"
  echo "export LEAFMIDAS_TEST_MYSQL='leafmidas:leafmidas@tcp(127.0.0.1:$my_port)/'"
  echo "export LEAFMIDAS_TEST_REDIS='127.0.0.1:$redis_port'"
  ;;
kill)
  case ${2:-} in
  postgres) unprivileged "$(postgres_bin)/pg_ctl" -D "$dir/postgres" -m immediate -w stop >/dev/null ;;
  mysql)
    pid=$(cat "$dir/mysql.pid")
    kill -9 "$pid"
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    ;;
  esac
  ;;
revive)
  . "$dir/ports"
  "start_${2:-}"
  ;;
stop)
  bin=$(postgres_bin)
  if [ -n "$bin" ] && [ -e "$dir/postgres/postmaster.pid" ]; then
    unprivileged "$bin/pg_ctl" -D "$dir/postgres" -m immediate stop >/dev/null || true
  fi
  if [ -e "$dir/redis.pid" ]; then kill "$(cat "$dir/redis.pid")" 2>/dev/null || true; fi
  if [ -e "$dir/mysql.pid" ]; then
    pid=$(cat "$dir/mysql.pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -rf "$dir"
  ;;
*)
  say "usage: $0 start|stop|kill SERVER|revive SERVER"; exit 2
  ;;
esac
