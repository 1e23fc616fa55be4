#!/bin/sh
# Backs up, destroys and restores, each way that docs/operations.md names, and compares what came back.
#
#   scripts/backup-drill.sh                what happened, and a table
#   scripts/backup-drill.sh --record       the same, and writes its figures into docs/operations.md
#   scripts/backup-drill.sh --program FILE a backend that is built already
#
#   dump      pg_dump of a database in use, its server destroyed, pg_restore into a new one
#   moment    a base backup and the archived log; somebody deletes everything; restored to the moment
#             before, in a new server
#   upgrade   logical replication into a second server, as for a new major version, while orders come in;
#             then everybody moves over
#   rollout   a column is added and filled while the old version serves, then the new one starts beside it
#
# Everything runs on private PostgreSQL servers in a temporary folder, which is gone afterwards; no other
# server is touched. What is compared: for each table its rows, and a checksum over all of them.

set -eu
cd "$(dirname "$0")/.."
page=docs/operations.md
rows=20000

say() { printf '%s\n' "drill: $*"; }
fail() {
    say "$*" >&2
    exit 1
}

record=
program=
while [ $# -gt 0 ]; do
    case $1 in
    --record) record=1 ;;
    --program)
        if [ $# -lt 2 ] || [ ! -x "$2" ]; then fail "--program wants a program"; fi
        program=$2
        shift
        ;;
    -h | --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *) fail "unknown option $1; see --help" ;;
    esac
    shift
done

# --- Servers -------------------------------------------------------------------------------

find_bin() {
    for folder in "$(dirname "$(command -v postgres 2>/dev/null || echo /none)")" \
        "$(pg_config --bindir 2>/dev/null || echo /none)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_basebackup" ]; then
            echo "$folder"
            return
        fi
    done
}
bin=$(find_bin)
[ -n "$bin" ] || fail "no PostgreSQL with its server programs: scripts/setup.sh test installs it."
if [ -z "$program" ]; then
    cargo build --quiet -p backend
    program=target/debug/backend
fi

# Short: the paths of sockets are limited to about 100 bytes.
home=$(mktemp -d /tmp/drill.XXXXXX)
servers=
backend=
stop_all() {
    status=$?
    trap - EXIT
    if [ -n "$backend" ]; then kill "$backend" 2>/dev/null && wait "$backend" 2>/dev/null || :; fi
    for server in $servers; do
        as_owner "$bin/pg_ctl" -D "$home/$server" -m immediate stop >/dev/null 2>&1 || :
    done
    rm -rf "$home"
    exit $status
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses root, so root lets the account of the package do it.
if [ "$(id -u)" = 0 ]; then
    chown postgres "$home"
    as_owner() { setpriv --reuid postgres --regid postgres --clear-groups env HOME="$home" "$@"; }
else
    as_owner() { "$@"; }
fi
run_quietly() { "$@" >>"$home/said" 2>&1 || { tail -n 20 "$home/said" >&2; fail "failed: $*"; }; }

# new NAME: an empty server that archives its log.
new() { run_quietly as_owner "$bin/initdb" -D "$home/$1" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --data-checksums; }

# start NAME: on a socket in a folder of its own; waits until it takes connections and has recovered.
start() {
    as_owner mkdir -p "$home/$1.socket" "$home/archive"
    run_quietly as_owner "$bin/pg_ctl" -D "$home/$1" -w -t 120 -l "$home/$1.log" -o "-c listen_addresses='' \
        -c unix_socket_directories='$home/$1.socket' -c wal_level=logical -c max_connections=100 \
        -c archive_mode=on -c archive_timeout=0 -c archive_command='test ! -f $home/archive/%f && cp %p $home/archive/%f'" start
    servers="$servers $1"
}
# destroy NAME: as a disk that is gone.
destroy() {
    run_quietly as_owner "$bin/pg_ctl" -D "$home/$1" -m immediate -w stop
    rm -rf "${home:?}/$1"
}
url() { echo "postgres:///app?host=$home/$1.socket&user=postgres"; }
sql() { as_owner "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d "$(url "$1")" -c "$2"; }
make_database() { as_owner "$bin/psql" -X -q -d "postgres:///postgres?host=$home/$1.socket&user=postgres" -c "CREATE DATABASE app"; }

# --- What has to come back -----------------------------------------------------------------

# state NAME: of every table its rows and a checksum over their text, whatever their order.
state() {
    sql "$1" "SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s t;', oid::regclass, oid::regclass)
        FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid::regclass::text" \
        >"$home/queries"
    as_owner "$bin/psql" -X -q -A -t -d "$(url "$1")" -f "$home/queries"
}

# same WHAT: the two states that were kept are one.
same() {
    if ! cmp -s "$home/before" "$home/after"; then
        diff "$home/before" "$home/after" | head -n 10 >&2
        fail "$1: what came back is not what was there."
    fi
    tables=$(wc -l <"$home/before" | tr -d ' ')
    total=$(awk -F'|' '{ sum += $2 } END { print sum }' "$home/before")
}

now() { date +%s.%N | cut -c1-14; }
since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f s", to - from }'; }

serve() {
    env -u REDIS_URL DATABASE_URL="$(url "$1")" SHOW_YOUR_WORK_HOME="$home" BCRYPT_COST=4 LOG=error \
        "$program" serve --listen 127.0.0.1:0 >"$home/served" 2>>"$home/backend.log" &
    backend=$!
    for _ in $(seq 600); do
        api=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9]*\).*|\1|p' "$home/served" | head -n 1)
        [ -z "$api" ] || return 0
        kill -0 "$backend" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 5 "$home/backend.log" >&2
    fail "the backend did not start."
}
leave() {
    kill "$backend"
    wait "$backend" || fail "the backend ended with an error."
    backend=
}

# fill NAME: people, their to-dos (counted by triggers) and log entries (in partitions).
fill() {
    sql "$1" "INSERT INTO users (email, email_normalized, name, password_hash)
        SELECT 'u' || n || '@example.org', 'u' || n || '@example.org', 'Person ' || n, '\$2b\$drill' FROM generate_series(1, $rows) n;
        INSERT INTO todos (user_id, title) SELECT id, 'to-do of ' || name FROM users;
        INSERT INTO log_entries (logged_at, level, service, message)
        SELECT now() - n * interval '1 minute', 1 + n % 5, 'drill', 'entry ' || n FROM generate_series(1, $rows) n;"
}

# write_on NAME: somebody who goes on writing while a backup runs, until the file is gone.
write_on() {
    touch "$home/writing"
    while [ -e "$home/writing" ]; do
        sql "$1" "INSERT INTO todos (user_id, title) SELECT min(id), 'written meanwhile' FROM users" || exit 1
    done &
    writer=$!
}
stop_writing() {
    rm "$home/writing"
    wait "$writer" || fail "a write failed meanwhile."
}

# --- The drills ----------------------------------------------------------------------------

dump() {
    new first && start first && make_database first
    serve first && fill first && leave
    write_on first
    # The dump, and the state to compare with, of one moment: both in the same snapshot.
    state first >/dev/null
    took=$(now)
    as_owner "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d "$(url first)" >"$home/before" <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! "$bin/pg_dump" --format=custom --snapshot="\$SNAPSHOT" --file="$home/app.dump" "$(url first)" || echo FAILED
\i $home/queries
COMMIT;
SQL
    dump_took=$(since "$took")
    stop_writing
    destroy first
    took=$(now)
    new second && start second && make_database second
    run_quietly as_owner "$bin/pg_restore" --exit-on-error --jobs=2 --dbname="$(url second)" "$home/app.dump"
    run_quietly sql second "ANALYZE"
    dump_restored=$(since "$took")
    state second >"$home/after"
    same dump
    dump_rows=$total dump_tables=$tables
    serve second
    curl -sSf "$api/health/ready" >/dev/null || fail "dump: the restored database does not serve."
    leave
    destroy second
    say "dump: $dump_tables tables, $dump_rows rows, dumped in $dump_took, restored in $dump_restored"
}

moment() {
    rm -rf "$home/archive"
    new third && start third && make_database third
    serve third && fill third && leave
    took=$(now)
    run_quietly as_owner "$bin/pg_basebackup" -d "postgres:///postgres?host=$home/third.socket&user=postgres" -D "$home/base" --checkpoint=fast --wal-method=stream
    run_quietly as_owner "$bin/pg_verifybackup" "$home/base"
    moment_took=$(since "$took")
    # After the base backup, so it is in the archived log alone.
    sql third "INSERT INTO todos (user_id, title) SELECT id, 'after the base backup' FROM users"
    state third >"$home/before"
    good=$(sql third "SELECT clock_timestamp()")
    sleep 1
    sql third "TRUNCATE users CASCADE; DROP TABLE todos"
    sql third "SELECT pg_switch_wal()" >/dev/null
    last=$(sql third "SELECT pg_walfile_name(pg_current_wal_lsn() - 1)")
    for _ in $(seq 600); do
        [ ! -e "$home/archive/$last" ] || break
        sleep 0.1
    done
    [ -e "$home/archive/$last" ] || fail "moment: the log was not archived."
    destroy third
    took=$(now)
    as_owner mv "$home/base" "$home/fourth"
    as_owner sh -c "cat >>'$home/fourth/postgresql.auto.conf' && touch '$home/fourth/recovery.signal'" <<CONF
restore_command = 'cp $home/archive/%f %p'
recovery_target_time = '$good'
recovery_target_action = 'promote'
CONF
    start fourth
    for _ in $(seq 600); do
        [ "$(sql fourth "SELECT pg_is_in_recovery()")" = t ] || break
        sleep 0.1
    done
    moment_restored=$(since "$took")
    state fourth >"$home/after"
    same moment
    moment_rows=$total
    destroy fourth
    say "moment: $moment_rows rows, base backup in $moment_took, restored to before the accident in $moment_restored"
}

upgrade() {
    rm -rf "$home/archive"
    new fifth && start fifth && make_database fifth
    serve fifth && fill fifth
    keyless=$(sql fifth "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class c WHERE relkind = 'r'
        AND relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)")
    [ -z "$keyless" ] || fail "upgrade: without a primary key, so not replicated: $keyless"
    new sixth && start sixth && make_database sixth
    as_owner "$bin/pg_dump" --schema-only "$(url fifth)" >"$home/schema.sql"
    run_quietly as_owner "$bin/psql" -X -q -v ON_ERROR_STOP=1 -d "$(url sixth)" -f "$home/schema.sql"
    sql fifth "CREATE PUBLICATION everything FOR ALL TABLES"
    write_on fifth
    run_quietly sql sixth "CREATE SUBSCRIPTION everything CONNECTION 'host=$home/fifth.socket dbname=app user=postgres' PUBLICATION everything"
    for _ in $(seq 1200); do
        [ "$(sql sixth "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'")" != 0 ] || break
        sleep 0.1
    done
    stop_writing
    # From here nobody can write: this is the outage.
    took=$(now)
    leave
    at=$(sql fifth "SELECT pg_current_wal_lsn()")
    for _ in $(seq 600); do
        [ "$(sql fifth "SELECT bool_and(replay_lsn >= '$at') FROM pg_stat_replication")" != t ] || break
        sleep 0.1
    done
    # Numbers that are given out are no rows, and are not replicated.
    sql fifth "SELECT format('SELECT setval(%L, %s);', format('%I.%I', schemaname, sequencename), last_value)
        FROM pg_sequences WHERE last_value IS NOT NULL" >"$home/sequences"
    run_quietly as_owner "$bin/psql" -X -q -d "$(url sixth)" -f "$home/sequences"
    sql sixth "DROP SUBSCRIPTION everything" >/dev/null 2>&1
    state fifth >"$home/before"
    state sixth >"$home/after"
    same upgrade
    upgrade_rows=$total
    serve sixth
    upgrade_out=$(since "$took")
    register new 1 || fail "upgrade: the new server takes no account."
    leave
    destroy fifth
    say "upgrade: $upgrade_rows rows replicated while somebody wrote, nobody could write for $upgrade_out"
}

# register NAME COUNT: accounts by the API, one after the other; fails at the first that is refused.
register() {
    for number in $(seq "$2"); do
        curl -sSf -o /dev/null -H 'Content-Type: application/json' "$api/api/v1/users" -d \
            "{\"email\":\"$1$number@example.org\",\"name\":\"$1\",\"password\":\"correct horse battery\"}" || return 1
    done
}

rollout() {
    serve sixth
    old=$backend old_api=$api
    register meanwhile 200 &
    requests=$!
    # Expand: nullable, so no row is written; a lock that is not had within two seconds is given up.
    sql sixth "SET lock_timeout = '2s'; ALTER TABLE users ADD COLUMN nickname text"
    # Fill in batches, each a transaction of its own, then let the database see to it.
    while [ "$(sql sixth "WITH batch AS (SELECT id FROM users WHERE nickname IS NULL LIMIT 5000 FOR UPDATE SKIP LOCKED)
        UPDATE users SET nickname = name FROM batch WHERE users.id = batch.id RETURNING 1" | wc -l)" -gt 0 ]; do :; done
    sql sixth "CREATE INDEX CONCURRENTLY users_nickname ON users (nickname)"
    sql sixth "SET lock_timeout = '2s'; ALTER TABLE users ADD CONSTRAINT users_nickname_length CHECK (char_length(nickname) <= 100) NOT VALID"
    sql sixth "ALTER TABLE users VALIDATE CONSTRAINT users_nickname_length"
    # The next version beside the old one: it starts on the wider schema, and both serve.
    serve sixth
    register beside 20 || fail "rollout: the new version refuses."
    leave
    wait "$requests" || fail "rollout: the old version refused a request meanwhile."
    backend=$old api=$old_api
    register after 20 || fail "rollout: the old version refuses after the new one has been."
    leave
    destroy sixth
    say "rollout: a column, its rows, an index and a constraint came while the old version served every request"
}

RATE_LIMIT=0 REGISTRATION_LIMIT=0 PGOPTIONS="-c client_min_messages=warning"
export RATE_LIMIT REGISTRATION_LIMIT PGOPTIONS
dump
moment
upgrade
rollout

table() {
    echo "<!-- drill:begin -->"
    echo "Written by \`scripts/backup-drill.sh --record\` on $(date -u +%F), PostgreSQL $("$bin/postgres" --version | awk '{ print $3 }'),"
    echo "$dump_rows rows in $dump_tables tables:"
    echo
    echo "| way | backup | back in service | lost |"
    echo "|---|---|---|---|"
    echo "| \`pg_dump\`, \`pg_restore\` | $dump_took | $dump_restored | what was written after the dump |"
    echo "| base backup and log, to a moment | $moment_took | $moment_restored | nothing before the moment |"
    echo "| logical replication to another server | – | $upgrade_out without writes | nothing |"
    echo "<!-- drill:end -->"
}
table
if [ -n "$record" ]; then
    table >"$home/table"
    awk -v table="$home/table" '/^<!-- drill:begin -->$/ { while ((getline line < table) > 0) print line; inside = 1 }
        !inside { print } /^<!-- drill:end -->$/ { inside = 0 }' "$page" >"$home/page"
    cat "$home/page" >"$page"
fi
say "everything came back as it was."
