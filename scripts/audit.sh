#!/bin/sh
# Checks every dependency: known vulnerabilities and unmaintained crates (cargo-deny and cargo-audit),
# licences, banned crates, sources.
#
#   scripts/audit.sh                     fetches today's advisories (git, from github.com)
#   ADVISORY_DB=PATH scripts/audit.sh    with a copy of the RustSec advisory database (the folder
#                                        that holds `crates/`); after a `cargo fetch` no network
#                                        is needed at all
#
# Both tools read the same advisories; cargo-deny judges what is compiled, cargo-audit what is
# locked, also for systems and features that nobody builds here.
#
# Exit code: 0 all in order, 1 something is not, 2 not checked, as the advisories are not here.

set -u
cd "$(dirname "$0")/.." || exit 1
PATH=$PATH:$PWD/.local/tools/bin
# One lockfile each; bench/ stands apart from the workspace.
projects=". bench"
advisories=https://github.com/RustSec/advisory-db

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

unchecked() {
    say "$*" >&2
    say "NOT checked. Without a network, name a copy: ADVISORY_DB=PATH make audit, where PATH is a" >&2
    say "clone of $advisories made elsewhere." >&2
    exit 2
}

# Fetched here once instead of by each tool: a failure is told apart from a finding.
if [ -z "${ADVISORY_DB:-}" ]; then
    ADVISORY_DB=$scratch/fetched
    say "fetching the advisories from $advisories"
    git clone --quiet --depth 1 "$advisories" "$ADVISORY_DB" ||
        unchecked "the advisories could not be fetched; git says why above."
fi
[ -d "$ADVISORY_DB/crates" ] || unchecked "$ADVISORY_DB has no folder crates/: it is no copy."

# cargo-deny looks for a database in a folder named after the URL of its origin, and for the time
# of its last fetch; a copy of any kind becomes one by this.
copy=$(cd "$ADVISORY_DB" && pwd)
folder="$scratch/advisory-db-3157b0e258782691"
mkdir -p "$folder/.git"
touch "$folder/.git/FETCH_HEAD"
ln -s "$copy/crates" "$folder/crates"
if [ -d "$copy/rust" ]; then ln -s "$copy/rust" "$folder/rust"; fi
newest=$(grep -rhE '^date *= *"[0-9-]+"' "$copy/crates" | sed 's/.*"\(.*\)".*/\1/' | sort | tail -n 1)
say "the newest advisory is of $newest"

# What is ignored stands in deny.toml, each with its reason.
ignored=$(sed -n 's/.*{ id = "\(RUSTSEC-[0-9-]*\)".*/--ignore \1/p' deny.toml)
awk -v folder="$scratch" '{ print } /^\[advisories\]$/ { print "db-path = \"" folder "\"" }' \
    deny.toml >"$scratch/deny.toml"

failed=
for project in $projects; do
    # Of every system: offline, cargo-deny can read only what is here already.
    cargo fetch --quiet --locked --manifest-path "$project/Cargo.toml" ||
        say "some crates could not be fetched; going on with those that are here."
    say "$project: cargo deny"
    cargo deny --log-level warn --offline --manifest-path "$project/Cargo.toml" \
        --config "$scratch/deny.toml" check \
        --allow license-not-encountered advisories licenses bans sources || failed=1
    say "$project: cargo audit"
    # shellcheck disable=SC2086 # a list of flags
    cargo audit --quiet $ignored --db "$folder" --no-fetch --stale --deny warnings \
        --file "$project/Cargo.lock" || failed=1
done
[ -z "$failed" ] || fail "not everything is in order; see above."
say "no known vulnerability, no unmaintained crate, licences and sources in order."
