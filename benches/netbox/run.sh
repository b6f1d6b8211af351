#!/usr/bin/env bash
# NetBox with the same made-up data centre, and its figures beside ours. See README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cis=${1:-100000}
relations=$((cis * 3))
python=${PYTHON:-python3.12}
work=${WORK:-$root/target/netbox}
pg=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)

missing() { echo "$1 is missing. $2" >&2; exit 1; }
command -v "$python" >/dev/null || missing "$python" "NetBox 4.7 needs Python 3.12 or later: name one with PYTHON=."
[ -n "$pg" ] || missing PostgreSQL "Install it: apt-get install postgresql"
command -v redis-server >/dev/null || missing redis-server "Install it: apt-get install redis-server"

mkdir -p "$work/conf" "$work/media" "$work/static"
[ -x "$work/venv/bin/netbox" ] || { "$python" -m venv "$work/venv"; "$work/venv/bin/pip" install --quiet -r "$here/requirements.txt"; }

# A database server and a cache of its own, on sockets in a folder that goes when this ends.
run=$(mktemp -d /tmp/netbox-bench.XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then chown postgres "$run"; as=(runuser -u postgres --); fi
stop() {
    [ -z "${redis:-}" ] || kill "$redis" 2>/dev/null || true
    "${as[@]}" "$pg/pg_ctl" -D "$run/data" -m fast stop >/dev/null 2>&1 || true
    rm -rf "$run"
}
trap stop EXIT
"${as[@]}" "$pg/initdb" -D "$run/data" --auth trust --username postgres --encoding UTF8 >/dev/null
"${as[@]}" "$pg/pg_ctl" -D "$run/data" -w -l "$run/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$run -c shared_buffers=1GB -c max_wal_size=4GB" start >/dev/null
"$pg/createdb" -h "$run" -U postgres netbox
port=$((20000 + RANDOM % 20000))
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir /tmp >/dev/null &
redis=$!

cat >"$work/conf/configuration.py" <<CONF
ALLOWED_HOSTS = ['*']
DATABASES = {'default': {'NAME': 'netbox', 'USER': 'postgres', 'HOST': '$run', 'PORT': '', 'CONN_MAX_AGE': 300}}
REDIS = {
    name: {'HOST': '127.0.0.1', 'PORT': $port, 'DATABASE': n, 'SSL': False, 'USERNAME': '', 'PASSWORD': ''}
    for n, name in enumerate(('tasks', 'caching'))
}
SECRET_KEY = 'only-for-a-measurement-only-for-a-measurement-only-for-a-measurement'
API_TOKEN_PEPPERS = {1: SECRET_KEY}
MAX_PAGE_SIZE = 0
CENSUS_REPORTING_ENABLED = False
CONF
export NETBOX_ROOT=$work
netbox=$work/venv/bin/netbox
"$netbox" migrate --verbosity 0

cargo build --quiet --release --manifest-path "$root/Cargo.toml" --workspace --example cmdb --bin slipwayctl
"$root/target/release/slipwayctl" generate --cis "$cis" --relations "$relations" --output "$work/data"
ours=${OURS:-$work/ours.txt}
[ -n "${OURS:-}" ] || "$root/target/release/examples/cmdb" "$cis" "$relations" >"$ours"
CIS=$work/data/cis.csv RELATIONS=$work/data/relations.csv OURS=$ours "$netbox" shell --no-imports <"$here/measure.py" ||
    CIS=$work/data/cis.csv RELATIONS=$work/data/relations.csv OURS=$ours "$netbox" shell <"$here/measure.py"
