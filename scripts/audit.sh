#!/bin/sh
# Checks every dependency: known vulnerabilities and unmaintained crates (cargo-deny and cargo-audit),
# licences, banned crates, sources.
#
#   scripts/audit.sh                     fetches today's advisories
#   ADVISORY_DB=PATH scripts/audit.sh    with a copy of the RustSec advisory database (the folder
#                                        that holds `crates/`); after a `cargo fetch` no network
#                                        is needed at all
#
# Both tools read the same advisories; cargo-deny judges what is compiled, cargo-audit what is
# locked, also for systems and features that nobody builds here.

set -u
cd "$(dirname "$0")/.." || exit 1
PATH=$PATH:$PWD/.local/tools/bin
# One lockfile each; bench/ stands apart from the workspace.
projects=". bench"

say() { printf '%s\n' "audit: $*"; }
fail() {
    say "$*" >&2
    exit 1
}

case ${1:-} in
'') ;;
-h | --help)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*) fail "unknown option $1; see --help" ;;
esac

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# cargo-deny looks for a database in a folder named after the URL of its origin, and for the time
# of its last fetch; a copy of any kind becomes one by this.
offer_copy() {
    [ -d "$1/crates" ] || fail "ADVISORY_DB=$1 has no folder crates/: it is no copy of the database."
    copy=$(cd "$1" && pwd)
    folder="$scratch/advisory-db-3157b0e258782691"
    mkdir -p "$folder/.git"
    touch "$folder/.git/FETCH_HEAD"
    ln -s "$copy/crates" "$folder/crates"
    if [ -d "$copy/rust" ]; then ln -s "$copy/rust" "$folder/rust"; fi
    newest=$(grep -rhE '^date *= *"[0-9-]+"' "$copy/crates" | sed 's/.*"\(.*\)".*/\1/' | sort | tail -n 1)
    say "with the advisories in $1, the newest of $newest"
}

deny_flags=
# What is ignored stands in deny.toml, each with its reason.
audit_flags=$(sed -n 's/.*{ id = "\(RUSTSEC-[0-9-]*\)".*/--ignore \1/p' deny.toml)
cp deny.toml "$scratch/deny.toml"
if [ -n "${ADVISORY_DB:-}" ]; then
    offer_copy "$ADVISORY_DB"
    awk -v folder="$scratch" '{ print } /^\[advisories\]$/ { print "db-path = \"" folder "\"" }' \
        deny.toml >"$scratch/deny.toml"
    deny_flags=--offline
    audit_flags="$audit_flags --db $folder --no-fetch --stale"
fi

failed=
for project in $projects; do
    # Of every system: without a network cargo-deny can read only what is here already.
    if [ -n "$deny_flags" ]; then
        cargo fetch --quiet --locked --manifest-path "$project/Cargo.toml" ||
            say "some crates could not be fetched; going on with those that are here."
    fi
    say "$project: cargo deny"
    # shellcheck disable=SC2086 # one flag or none
    cargo deny --log-level warn $deny_flags --manifest-path "$project/Cargo.toml" \
        --config "$scratch/deny.toml" check \
        --allow license-not-encountered advisories licenses bans sources || failed=1
    say "$project: cargo audit"
    # shellcheck disable=SC2086 # a list of flags
    cargo audit --quiet $audit_flags --deny warnings --file "$project/Cargo.lock" || failed=1
done
if [ -n "$failed" ]; then
    if [ -z "${ADVISORY_DB:-}" ]; then
        say "without a network: ADVISORY_DB=PATH with a copy of the advisory database." >&2
    fi
    fail "not everything is in order; see above."
fi
say "no known vulnerability, no unmaintained crate, licences and sources in order."
