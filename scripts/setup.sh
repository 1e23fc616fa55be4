#!/bin/sh
# Installs what this project needs and this system lacks; silent when nothing is missing.
#
#   scripts/setup.sh run     cargo, a C compiler, PostgreSQL 14 or newer (server programs)
#   scripts/setup.sh test    the same, Redis (or Valkey), Chromium with its driver, and axe-core
#   scripts/setup.sh screenshots  the same without axe-core
#   scripts/setup.sh lint    cargo, a C compiler and cargo-deny
#   scripts/setup.sh audit   the same and cargo-audit
#   scripts/setup.sh fuzz    the same as test, and Python 3.11 or newer with virtual environments
#   scripts/setup.sh deploy  promtool, haproxy, and Python as for fuzz
#   scripts/setup.sh bench   the same as run, PostgreSQL in any case, and wrk and pgbench
#   scripts/setup.sh scale   the same as test, and HAProxy and PgBouncer
#
# Says what it would run and asks before it does; YES=1 or CI=true answer yes, and root is not
# asked. With DATABASE_URL set, `run` needs no PostgreSQL. The C compiler (cc, ar) builds the
# bundled libpq; nothing else is needed for it, neither perl nor OpenSSL.

set -u
minimum=14
cargo_deny=0.20.2
cargo_audit=0.22.2
# Carries axe-core 4.12.1, which is under the MPL and therefore not part of this project.
axe="axe-playwright-python==0.1.8"
axe_sha256=fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8

say() { printf '%s\n' "setup: $*"; }
fail() {
    say "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
is_set() { case $1 in '' | 0 | false) return 1 ;; esac; }
in_ci() { is_set "${CI:-}"; }

here=$(dirname "$0")
# shellcheck source=scripts/setup/found.sh
. "$here/setup/found.sh"
# shellcheck source=scripts/setup/packages.sh
. "$here/setup/packages.sh"

require_cargo() {
    if has cargo; then return 0; fi
    if [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
        fail "cargo is installed but not on the PATH. Run: . \"\$HOME/.cargo/env\""
    fi
    fail "cargo was not found. Install Rust as https://rustup.rs says, then run this again."
}

require_compiler() {
    if has_compiler; then return 0; fi
    if [ "$(uname)" = Darwin ]; then
        fail "no C compiler. Run: xcode-select --install"
    fi
    if install_packages compiler && has_compiler; then return 0; fi
    fail "no C compiler: install gcc or clang with binutils (commands cc and ar), then run this again."
}

require_postgres() {
    newest=
    if has_postgres; then return 0; fi
    install_packages postgres && has_postgres && return 0
    if [ -n "$newest" ]; then
        say "PostgreSQL $newest is too old: $minimum or newer is needed." >&2
        if has dnf; then
            say "try: sudo dnf module switch-to postgresql:16 && sudo dnf install postgresql-server" >&2
        fi
    fi
    fail "install PostgreSQL $minimum or newer with its server programs
  (https://www.postgresql.org/download/), or set DATABASE_URL to a server of your own."
}

require_server() {
    if has_server "$1"; then return 0; fi
    install_packages "$1" && has_server "$1" && return 0
    fail "install $1 ($2)."
}

# Tests of what Redis adds are skipped without it, except in CI, where skipping would hide faults.
want_redis() {
    if has_redis; then return 0; fi
    install_packages redis && has_redis && return 0
    if in_ci; then fail "Redis is missing: install redis-server or valkey-server."; fi
    say "WARNING: going on without Redis; what needs it is not tested."
    say "  Install redis-server or valkey-server to test everything."
}

# The tests fail without them, unless these variables say that they may be missing.
want_browser() {
    if has_browser; then return 0; fi
    install_packages browser && has_browser && return 0
    if is_set "${WITHOUT_BROWSER:-}"; then
        say "WARNING: going on without Chromium; the pages are NOT tested in a browser."
        return 0
    fi
    fail "Chromium or its driver is missing: install chromium and chromedriver (or name them in
  CHROMIUM and CHROMEDRIVER), or set WITHOUT_BROWSER=1 to leave the pages untested."
}

want_axe() {
    kept=$here/../.local/tools/axe
    if [ -s "$kept/axe.min.js" ]; then return 0; fi
    if ! has_python; then install_packages python || :; fi
    say "fetching axe-core from PyPI into .local/tools/axe, once."
    mkdir -p "$kept" && fetch_axe && return 0
    if is_set "${WITHOUT_AXE:-}"; then
        say "WARNING: going on without axe-core; accessibility is NOT tested."
        return 0
    fi
    fail "axe-core could not be fetched from PyPI: put its axe.min.js into .local/tools/axe, or set
  WITHOUT_AXE=1 to leave accessibility untested."
}

fetch_axe() {
    python3 -m venv "$kept/venv" || return 1
    echo "$axe --hash=sha256:$axe_sha256" >"$kept/requirements.txt"
    "$kept/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: -r "$kept/requirements.txt" || return 1
    cp "$kept"/venv/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$kept/axe.min.js" ||
        return 1
    rm -rf "$kept/venv"
}

require_wrk() {
    if has wrk; then return 0; fi
    install_packages wrk && has wrk && return 0
    fail "install wrk (https://github.com/wg/wrk): it makes the load of the benchmark."
}

require_pgbench() {
    if has_pgbench; then return 0; fi
    install_packages pgbench && has_pgbench && return 0
    fail "install pgbench, which comes with PostgreSQL or its contrib package."
}

require_python() {
    if has_python; then return 0; fi
    install_packages python && has_python && return 0
    fail "install Python 3.11 or newer with its venv module: tools from PyPI run in one."
}

# Debian puts haproxy where only root looks. Without the two the check goes on, except in CI, and says
# what it left out; neither may stay behind as a service.
want_deploy_tools() {
    PATH=$PATH:/usr/sbin
    for tool in promtool haproxy; do
        if has "$tool"; then continue; fi
        if install_packages "$tool" && has "$tool"; then continue; fi
        if in_ci; then fail "$tool is missing."; fi
        say "WARNING: going on without $tool; what it checks is left out."
    done
}

# want_cargo_tool NAME VERSION: into the project's own folder, so that nothing of the user's is
# replaced.
want_cargo_tool() {
    tools=$here/../.local/tools
    if has "$1" || [ -x "$tools/bin/$1" ]; then return 0; fi
    say "$1 is missing; building it takes a few minutes, once:"
    say "  cargo install --locked $1@$2 --root .local/tools"
    cargo install --quiet --locked "$1@$2" --root "$tools" ||
        fail "$1 could not be built: see the message above."
}

case ${1:-} in
run)
    require_cargo
    require_compiler
    if [ -z "${DATABASE_URL:-}" ]; then require_postgres; fi
    ;;
test)
    require_cargo
    require_compiler
    require_postgres
    want_redis
    want_browser
    want_axe
    ;;
lint)
    require_cargo
    require_compiler
    want_cargo_tool cargo-deny "$cargo_deny"
    ;;
audit)
    require_cargo
    require_compiler
    want_cargo_tool cargo-deny "$cargo_deny"
    want_cargo_tool cargo-audit "$cargo_audit"
    ;;
fuzz)
    require_cargo
    require_compiler
    require_postgres
    want_redis
    require_python
    ;;
deploy)
    require_python
    want_deploy_tools
    ;;
screenshots)
    require_cargo
    require_compiler
    require_postgres
    want_redis
    want_browser
    ;;
bench)
    require_cargo
    require_compiler
    require_postgres
    require_pgbench
    require_wrk
    ;;
scale)
    require_cargo
    require_compiler
    require_postgres
    want_redis
    has_redis || fail "without Redis there is nothing to share: install redis-server."
    require_server haproxy https://www.haproxy.org
    require_server pgbouncer https://www.pgbouncer.org
    ;;
*) fail "usage: scripts/setup.sh run|test|screenshots|lint|audit|fuzz|deploy|bench|scale" ;;
esac
