# The front door. Needs Node 20 or newer with npm, git and make; everything else is installed into this folder, except
# Redis, PostgreSQL and nginx, which `make backends` takes from Debian's packages when they are missing.

SHELL := /bin/sh
.DEFAULT_GOAL := build
.PHONY: help build run test fuzz conformance reliability check fix generate docs backends bench clean

# The toolchain comes first and alone: when it cannot be had, nothing runs without it.
path = toolchain=$$(scripts/toolchain.sh) && PATH="$(CURDIR)/node_modules/.bin:$$toolchain"
protos := $(shell find proto -name '*.proto')
manifests := package.json pnpm-lock.yaml pnpm-workspace.yaml $(wildcard packages/*/package.json tests/*/package.json bench/package.json)

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1 \t/' | expand -t 18

build: .toolchain/generated ## Install, generate and compile (the default)
	@$(path) tsc -b
	@$(path) node scripts/bundle.mjs

# In a terminal, Prism gets a process group of its own (set -m): Ctrl-C is for it alone, and make ends with its exit code.
run: build ## Start Prism on memory and SQLite, in the foreground
	@if [ -t 0 ]; then set -m; bin/prism serve; else exec bin/prism serve; fi

test: build backends ## Run everything: check, unit, conformance, acceptance, faults
	@$(path) node scripts/test.mjs

fuzz: build ## Look for FUZZ_SECONDS (600) for inputs that break the parsers
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} $(path) vitest run --project fuzz

conformance: build backends ## Prove every pattern on every backend, and write docs/backends.md from what passed
	@$(path) node scripts/test.mjs conformance kafka
	@$(path) node scripts/backends/record.mjs
	@$(path) node scripts/generate-docs.mjs

reliability: build backends ## Strike every backend with every fault RELIABILITY_ROUNDS (20) times, and run long beside models
	@$(path) node tests/reliability/run.mjs
	@$(path) node scripts/generate-docs.mjs

check: build ## Check format, lint, types, protos and import directions
	@$(path) node scripts/test.mjs check

fix: .toolchain/installed ## Format the code and apply safe lint fixes
	@$(path) biome check --write .

generate: ## Generate code from proto/
	@rm -f .toolchain/generated
	@$(MAKE) --no-print-directory .toolchain/generated

docs: build ## Write the pages that come from the code
	@$(path) node scripts/generate-docs.mjs

backends: .toolchain/clients ## Install the servers and clients that the tests need
	@scripts/install-servers.sh

# Debian keeps nginx in sbin, which is not on the PATH of everybody.
bench: build backends ## Measure, side by side in one run; PART=backends, ONLY=get-1k BENCH_ROUNDS=2 for less
	@scripts/install-bench-peers.sh
	@PATH="$$PATH:/usr/sbin"; $(path) node bench/run.mjs
	@$(path) node scripts/generate-docs.mjs

clean: ## Remove everything that was built or installed here
	rm -rf .toolchain node_modules packages/*/node_modules tests/*/node_modules bench/node_modules packages/*/dist packages/*/bundle packages/*/src/protocol/gen

.toolchain/installed: $(manifests) scripts/toolchain.sh
	@$(path) pnpm install --frozen-lockfile --silent
	@mkdir -p $(@D)
	@touch $@

.toolchain/generated: .toolchain/installed $(protos) buf.gen.yaml scripts/generate-descriptors.mjs
	@$(path) buf generate
	@$(path) node scripts/generate-descriptors.mjs
	@touch $@

.toolchain/clients: scripts/install-clients.sh $(wildcard tests/acceptance/clients/*/requirements.txt tests/acceptance/clients/go*/* tests/acceptance/clients/rust/* tests/acceptance/clients/rust/src/* tests/acceptance/protos/* tests/servers/grpc-go/* tests/servers/grpc-java/pom.xml tests/reliability/linearizability/*)
	@$(path) scripts/install-clients.sh
	@touch $@
