# Two commands are enough: `make run` and `make test`. Both install what is missing first.

SHELL := /bin/sh
.DEFAULT_GOAL := help
Q ?=
SCALE ?= default
OUT ?= report.html
ARGS ?=

TOOLS := $(CURDIR)/.local/tools
export PATH := $(PATH):$(TOOLS)/bin

BACKEND = cargo run --release --quiet -p backend --

.PHONY: help build run test demo report evidence screenshots bench scale-test lint audit fuzz deploy-check drill docs doctor hooks new-answer remove-answer reset

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

build:
	@scripts/setup.sh run
	@test -x target/release/backend || echo "Building for the first time: a few minutes."
	@cargo build --release -p backend

run: build ## Set everything up and serve the study pages and APIs (LISTEN=127.0.0.1:9000)
	@$(BACKEND) serve $(ARGS)

test: ## Set everything up and run every test
	@scripts/setup.sh test
	@cargo run --quiet -p local-services -- run --purpose test -- cargo test --workspace --no-fail-fast $(ARGS)

demo: build ## Run the demo of one question, e.g. make demo Q=log-partitions SCALE=full (all without Q)
	@$(BACKEND) demo $(if $(Q),$(Q),--all) --scale $(SCALE) $(ARGS)

report: build ## Run every demo and write one HTML file (OUT=report.html, ARGS=--recorded: without running)
	@$(BACKEND) report --out $(OUT) $(if $(findstring --recorded,$(ARGS)),,--scale $(SCALE)) $(ARGS)

evidence: build ## Run the demos (or Q=…) and record their numbers and charts in the READMEs
	@$(BACKEND) demo $(if $(Q),$(Q),--all) --record $(ARGS)
	@$(MAKE) --no-print-directory build
	@$(BACKEND) list --update README.md

screenshots: build ## Take the pictures of the pages that README and docs show (docs/screenshots)
	@scripts/setup.sh screenshots
	@cargo run --quiet -p local-services -- run --purpose test -- \
		cargo run --quiet -p end-to-end --bin screenshots -- target/release/backend docs/screenshots

bench: build ## Measure the server beside its peers for a quarter of an hour (ARGS=--quick: two minutes)
	@scripts/setup.sh bench
	@cargo build --release --quiet --manifest-path bench/Cargo.toml
	@bench/target/release/bench-runner $(ARGS)

scale-test: ## Start replicas, pooler, read replica, archive and Redis Cluster, and check what docs/scaling.md promises
	@scripts/setup.sh scale
	@cargo build --release --quiet -p backend -p scale-test
	@target/release/scale-test $(ARGS)

lint: ## Check format, lints, documentation, licences and sources
	@scripts/setup.sh lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	cargo deny --log-level error check licenses bans sources

audit: ## Check dependencies for known vulnerabilities (offline: ADVISORY_DB=folder of the RustSec database)
	@scripts/setup.sh audit
	@scripts/audit.sh

fuzz: ## Send generated requests to every route, signed in and not (ARGS=--help for more)
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh $(ARGS)

deploy-check: ## Parse and check deploy/ with the tools that read it (ARGS=--self-test: on broken copies)
	@scripts/setup.sh deploy
	@scripts/check-deploy.sh $(ARGS)

drill: ## Back up, destroy, restore and upgrade private databases, and compare (ARGS=--record)
	@scripts/setup.sh test
	@scripts/backup-drill.sh $(ARGS)

docs: ## Build the API documentation, and the book where mdbook is installed
	@cargo doc --workspace --no-deps
	@if command -v mdbook >/dev/null; then mdbook build docs; else echo "mdbook is not installed: read docs/ as it is"; fi

doctor: ## Check this machine and say how to fix what is missing
	@$(BACKEND) doctor

hooks: ## Check each commit before it is made: format, conflict markers, sizes (scripts/pre-commit)
	@scripts/install-hooks.sh

new-answer: ## Lay out the crate of a further answer, e.g. make new-answer SLUG=feature-flags TITLE="When …?"
	@cargo run --quiet -p work-environment -- new-answer "$(SLUG)" $(if $(TITLE),--title "$(TITLE)")
	@cargo run --quiet -p backend -- list --update README.md

remove-answer: ## Remove a further answer again: make remove-answer SLUG=… (ARGS=--force: also if it has grown)
	@cargo run --quiet -p work-environment -- remove-answer "$(SLUG)" $(ARGS)
	@cargo run --quiet -p backend -- list --update README.md

reset: ## Stop the private services and delete their data, after asking
	@cargo run --quiet -p local-services -- reset
