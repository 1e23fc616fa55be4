#!/bin/sh
# From a fresh clone to the first bill.
set -e
cd "$(dirname "$0")"
cargo run --quiet -- doctor | sh
exec cargo run --quiet
