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

# --- What is there -------------------------------------------------------------------------

# The folders crates/local-services/src/find.rs looks into.
is_new_enough() {
    if [ ! -x "$1/postgres" ] || [ ! -x "$1/initdb" ]; then return 1; fi
    # shellcheck disable=SC2046 # "postgres (PostgreSQL) 15.18 …": the third word is the version
    set -- $("$1/postgres" --version 2>/dev/null)
    [ "$#" -ge 3 ] || return 1
    major=${3%%[!0-9]*}
    newest=$3
    [ "${major:-0}" -ge "$minimum" ]
}

has_postgres() {
    old_ifs=$IFS
    IFS=:
    # shellcheck disable=SC2086 # splitting at the colons is the point
    set -- $PATH
    IFS=$old_ifs
    if has pg_config; then set -- "$@" "$(pg_config --bindir)"; fi
    for folder in "$@" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
        /usr/lib64/postgresql-*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin \
        /opt/local/lib/postgresql*/bin /usr/local/pgsql*/bin /usr/bin /usr/local/bin; do
        if is_new_enough "$folder"; then return 0; fi
    done
    return 1
}

has_redis() {
    if has redis-server || has valkey-server; then return 0; fi
    for folder in /usr/bin /usr/local/bin /usr/sbin /opt/homebrew/bin \
        /home/linuxbrew/.linuxbrew/bin /opt/local/bin; do
        if [ -x "$folder/redis-server" ] || [ -x "$folder/valkey-server" ]; then return 0; fi
    done
    return 1
}

# macOS has a `cc` that only offers to install the real one.
has_compiler() {
    if [ "$(uname)" = Darwin ]; then xcode-select -p >/dev/null 2>&1 && return 0; fi
    if ! has "${CC:-cc}" || ! has "${AR:-ar}"; then return 1; fi
    [ "$(uname)" != Darwin ]
}

# --- Installing ----------------------------------------------------------------------------

manager() {
    for name in apt-get dnf pacman brew; do
        if has "$name"; then
            echo "$name"
            return
        fi
    done
}

# package NAME: what this system's package manager calls it.
package() {
    case $(manager)/$1 in
    apt-get/postgres) echo postgresql ;;
    apt-get/redis) echo redis-server ;;
    apt-get/compiler) echo gcc libc6-dev ;;
    apt-get/pgbench) echo postgresql postgresql-contrib ;;
    apt-get/browser) echo chromium chromium-driver ;;
    dnf/browser) echo chromium chromedriver ;;
    pacman/browser) echo chromium ;;
    brew/browser) echo chromium chromedriver ;;
    apt-get/python) echo python3 python3-venv ;;
    apt-get/promtool) echo prometheus ;;
    pacman/promtool | brew/promtool) echo prometheus ;;
    */haproxy) echo haproxy ;;
    dnf/postgres) echo postgresql-server postgresql-contrib ;;
    dnf/redis) if dnf -q info valkey >/dev/null 2>&1; then echo valkey; else echo redis; fi ;;
    dnf/pgbench) echo postgresql-contrib ;;
    */compiler) echo gcc ;;
    */wrk) echo wrk ;;
    */haproxy) echo haproxy ;;
    */pgbouncer) echo pgbouncer ;;
    pacman/python | brew/python) echo python ;;
    */python) echo python3 ;;
    pacman/postgres | pacman/pgbench) echo postgresql ;;
    pacman/redis) echo valkey ;;
    brew/postgres | brew/pgbench) echo postgresql@17 ;;
    brew/redis) echo redis ;;
    esac
}

install_command() {
    case $(manager) in
    apt-get) echo "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    brew) echo "brew install" ;;
    esac
}

# Homebrew refuses root and needs no sudo.
become_root() {
    if [ "$(id -u)" = 0 ] || [ "$(manager)" = brew ]; then
        "$@"
    else
        sudo "$@"
    fi
}

confirm() {
    if [ "$(id -u)" = 0 ] || [ "${YES:-}" = 1 ] || in_ci; then return 0; fi
    if [ ! -t 0 ]; then
        say "nobody to ask: run the command above yourself, or start again with YES=1." >&2
        return 1
    fi
    printf 'setup: Go on? [y/N] '
    read -r answer || return 1
    case $answer in y | Y | yes | Yes) return 0 ;; esac
    return 1
}

# install_packages NAME...: says what, asks, does it; fails when that was not possible.
install_packages() {
    command=$(install_command)
    [ -n "$command" ] || return 1
    wanted=
    for name in "$@"; do wanted="$wanted $(package "$name")"; done
    prefix=
    if [ "$(id -u)" != 0 ] && [ "$(manager)" != brew ]; then prefix="sudo "; fi
    say "missing: $*. This installs it:"
    if [ "$(manager)" = apt-get ]; then say "  ${prefix}apt-get update"; fi
    say "  $prefix$command$wanted"
    if [ -n "$prefix" ] && ! has sudo; then
        say "there is no sudo here: run that as root." >&2
        return 1
    fi
    confirm || return 1
    # shellcheck disable=SC2086 # both are lists of words
    case $(manager) in
    apt-get) install_with_apt $command $wanted ;;
    *) become_root $command $wanted ;;
    esac
}

# Debian starts what it installs. Neither a system-wide cluster nor a system-wide Redis is wanted,
# so the first is not made and the second is switched off again if it was not there before. The
# drop-in file is read only while packages are configured, and it is removed afterwards.
install_with_apt() {
    drop_in=/etc/postgresql-common/createcluster.d/show-your-work.conf
    before=$(clusters)
    become_root apt-get update || say "apt-get update failed; trying with the lists at hand."
    case " $* " in *" postgresql "*) add_drop_in ;; esac
    become_root "$@"
    status=$?
    case " $* " in
    *" postgresql "*) remove_drop_in ;;
    *" redis-server "*) stop_new redis-server ;;
    *" haproxy "*) stop_new haproxy ;;
    *" pgbouncer "*) stop_new pgbouncer ;;
    esac
    if [ "$before" != "$(clusters)" ]; then
        say "the package also made a system-wide cluster (pg_lsclusters); this project does not use"
        say "it. To remove it: sudo pg_dropcluster --stop VERSION main"
    fi
    return $status
}

clusters() { if has pg_lsclusters; then pg_lsclusters -h 2>/dev/null | awk '{ print $1, $2 }'; fi; }

add_drop_in() {
    trap 'remove_drop_in; exit 130' INT TERM
    become_root mkdir -p "${drop_in%/*}"
    echo "create_main_cluster = false" | become_root tee "$drop_in" >/dev/null
}

remove_drop_in() {
    trap - INT TERM
    become_root rm -f "$drop_in"
    become_root rmdir "${drop_in%/*}" 2>/dev/null || :
}

# Only called after we installed the package, so no service of the user's is stopped.
stop_new() {
    if [ -d /run/systemd/system ]; then
        become_root systemctl disable --now "$1" >/dev/null 2>&1 || :
    else
        become_root service "$1" stop >/dev/null 2>&1 || :
    fi
    say "the system-wide service $1 stays off; this project starts its own."
}

# --- The order of things -------------------------------------------------------------------

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

# Both are servers, which some systems keep off the PATH of everybody but root.
has_server() {
    if has "$1"; then return 0; fi
    for folder in /usr/sbin /usr/local/sbin /opt/homebrew/bin /opt/homebrew/sbin; do
        if [ -x "$folder/$1" ]; then return 0; fi
    done
    return 1
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

has_browser() {
    if [ -x "${CHROMIUM:-}" ] && [ -x "${CHROMEDRIVER:-}" ]; then return 0; fi
    if ! has chromedriver && [ ! -x /usr/lib/chromium/chromedriver ]; then return 1; fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if has "$name"; then return 0; fi
    done
    [ -d "/Applications/Google Chrome.app" ] || [ -d /Applications/Chromium.app ]
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
    kept=$(dirname "$0")/../.local/tools/axe
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

# Beside the server's programs, which need not be on the PATH; some systems package it apart.
has_pgbench() {
    if has pgbench; then return 0; fi
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/lib64/postgresql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql*/bin; do
        if [ -x "$folder/pgbench" ]; then return 0; fi
    done
    return 1
}

require_pgbench() {
    if has_pgbench; then return 0; fi
    install_packages pgbench && has_pgbench && return 0
    fail "install pgbench, which comes with PostgreSQL or its contrib package."
}

# Debian packages `venv` without the part that makes one: `ensurepip` tells whether it is there.
has_python() {
    has python3 && python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
        >/dev/null 2>&1
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
        if install_packages "$tool" && has "$tool"; then
            stop_new "$tool"
            continue
        fi
        if in_ci; then fail "$tool is missing."; fi
        say "WARNING: going on without $tool; what it checks is left out."
    done
}

# Only called after we installed the package, so no service of the user's is stopped.
stop_new() {
    service=$1
    if [ "$service" = promtool ]; then service=prometheus; fi
    if [ -d /run/systemd/system ]; then
        become_root systemctl disable --now "$service" >/dev/null 2>&1 || :
    else
        become_root service "$service" stop >/dev/null 2>&1 || :
    fi
}

# want_cargo_tool NAME VERSION: into the project's own folder, so that nothing of the user's is
# replaced.
want_cargo_tool() {
    tools=$(dirname "$0")/../.local/tools
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
