# What of that which this project needs is here already; read by scripts/setup.sh.
# shellcheck shell=sh disable=SC2154,SC2034 # `minimum` is set there, and `newest` is read there

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

# HAProxy and PgBouncer are servers, which some systems keep off the PATH of everybody but root.
has_server() {
    if has "$1"; then return 0; fi
    for folder in /usr/sbin /usr/local/sbin /opt/homebrew/bin /opt/homebrew/sbin; do
        if [ -x "$folder/$1" ]; then return 0; fi
    done
    return 1
}

has_browser() {
    if [ -x "${CHROMIUM:-}" ] && [ -x "${CHROMEDRIVER:-}" ]; then return 0; fi
    if ! has chromedriver && [ ! -x /usr/lib/chromium/chromedriver ]; then return 1; fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if has "$name"; then return 0; fi
    done
    [ -d "/Applications/Google Chrome.app" ] || [ -d /Applications/Chromium.app ]
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

# Debian packages `venv` without the part that makes one: `ensurepip` tells whether it is there.
has_python() {
    has python3 && python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
        >/dev/null 2>&1
}
