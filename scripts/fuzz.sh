#!/bin/sh
# Sends generated requests to every route of the backend's OpenAPI description, signed in and
# anonymous, and fails on a server error, or on a status, media type or body that is not described.
#
#   scripts/fuzz.sh [--release] [--examples COUNT] [--seed NUMBER] [-- OPTIONS OF SCHEMATHESIS]
#
#   --release          the release build; without it the debug build, which also checks overflows
#   --program FILE     a backend that is built already
#   --examples COUNT   generated requests per operation and run (default 60)
#   --seed NUMBER      repeats an earlier run
#
# The backend runs on services and data of its own in a temporary folder, with its limits raised;
# both are gone afterwards, also after Ctrl-C. Its log is kept in .local/fuzz/backend.log. The tool
# comes from PyPI into .local/fuzz/venv, in the versions and with the hashes of
# scripts/fuzz-requirements.txt. What is checked stands in scripts/schemathesis.toml.

set -u
cd "$(dirname "$0")/.." || exit 1
scripts=$PWD/scripts
requirements=$scripts/fuzz-requirements.txt
kept=$PWD/.local/fuzz
venv=$kept/venv

say() { printf '%s\n' "fuzz: $*"; }
fail() {
    say "$*" >&2
    exit 1
}

# --- Arguments -----------------------------------------------------------------------------

profile=debug
program=
examples=60
# One number for both runs, said at the end, so that a failure can be repeated.
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
while [ $# -gt 0 ]; do
    case $1 in
    --release) profile=release ;;
    --program)
        if [ $# -lt 2 ] || [ ! -x "$2" ]; then fail "--program wants a program"; fi
        program=$2
        shift
        ;;
    --examples | --seed)
        [ $# -ge 2 ] || fail "$1 wants a number"
        case $2 in '' | *[!0-9]*) fail "$1 wants a number, not $2" ;; esac
        if [ "$1" = --seed ]; then seed=$2; else examples=$2; fi
        shift
        ;;
    -h | --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --)
        shift
        break
        ;;
    *) fail "unknown option $1; see --help" ;;
    esac
    shift
done

# --- The tool ------------------------------------------------------------------------------

install_tool() {
    if cmp -s "$requirements" "$venv/installed.txt" && [ -x "$venv/bin/schemathesis" ]; then return; fi
    say "installing schemathesis into $venv, once"
    rm -rf "$venv"
    mkdir -p "$kept"
    python3 -m venv "$venv" || fail "python3 cannot make a virtual environment: install python3-venv."
    # Wheels only: a source package would run its own code to be built.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        --only-binary :all: -r "$requirements" ||
        fail "schemathesis could not be installed. It comes from PyPI: is there a network?"
    cp "$requirements" "$venv/installed.txt"
}

# --- The backend ---------------------------------------------------------------------------

home=
backend=
stop() {
    status=$?
    trap - EXIT
    if [ -n "$backend" ]; then
        kill "$backend" 2>/dev/null
        wait "$backend" 2>/dev/null
    fi
    if [ -n "$home" ]; then rm -rf "$home"; fi
    exit $status
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

build() {
    [ -z "$program" ] || return 0
    say "building the backend ($profile)"
    case $profile in
    release) cargo build --release --quiet -p backend || fail "the backend does not build." ;;
    debug) cargo build --quiet -p backend || fail "the backend does not build." ;;
    esac
    program=target/$profile/backend
}

start_backend() {
    # Short: the paths of the services' sockets are limited to about 100 bytes.
    home=$(mktemp -d /tmp/fuzz.XXXXXX)
    chmod 711 "$home"
    mkdir -p "$kept"
    OPERATIONS_TOKEN=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    export OPERATIONS_TOKEN
    # A log-in in a millisecond, and no limit that would end the run with 429.
    env -u DATABASE_URL -u REDIS_URL SHOW_YOUR_WORK_HOME="$home" \
        RATE_LIMIT=0 REGISTRATION_LIMIT=0 LOGIN_LIMIT=0 LOGIN_ADDRESS_LIMIT=0 USER_RATE_LIMIT=0 \
        BCRYPT_COST=4 LOG_FORMAT=json \
        "$program" serve --listen 127.0.0.1:0 \
        >"$home/said" 2>"$kept/backend.log" &
    backend=$!
    FUZZED_API=
    for _ in $(seq 300); do
        FUZZED_API=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9]*\).*|\1|p' "$home/said" | head -n 1)
        [ -z "$FUZZED_API" ] || break
        kill -0 "$backend" 2>/dev/null || break
        sleep 0.1
    done
    if [ -z "$FUZZED_API" ]; then
        tail -n 5 "$kept/backend.log" >&2
        fail "the backend did not start; its log is in $kept/backend.log."
    fi
    export FUZZED_API
}

# --- The runs ------------------------------------------------------------------------------

# fuzz WHO OPTIONS...: one run over all operations.
fuzz() (
    who=$1
    shift
    say "$who, at $FUZZED_API"
    # One worker: the tool's two trip over each other in Python's parser.
    # It keeps what `replay` needs in the folder that it runs in.
    cd "$kept" || return 1
    "$venv/bin/schemathesis" --config-file "$scripts/schemathesis.toml" \
        run "$FUZZED_API/openapi.json" --max-examples "$examples" --seed "$seed" \
        --continue-on-failure --workers 1 --request-timeout 30 --generation-database none \
        --warnings off "$@"
)

# A server that failed and said so in its log alone would have passed otherwise. The HTTP library
# calls a head that it cannot parse an error of the stream; that is the client's.
errors() { grep '"level":"ERROR"' "$kept/backend.log" | grep -v '"target":"actix_http::'; }

install_tool
build
start_backend
failed=
fuzz anonymous "$@" || failed=1
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$scripts SCHEMATHESIS_HOOKS=fuzz_accounts fuzz "signed in" "$@" || failed=1
if errors >/dev/null; then
    say "the backend logged errors ($kept/backend.log):" >&2
    errors | head -n 3 >&2
    failed=1
fi
kill -0 "$backend" 2>/dev/null || {
    say "the backend has ended before it was told to." >&2
    failed=1
}
say "repeat this run with --seed $seed"
[ -z "$failed" ] || fail "faults were found; see above."
say "no server error, nothing that is not described."
