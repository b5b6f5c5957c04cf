# rbuild: everything a person or CI does with this checkout. `make` alone lists the targets.
# Node is pinned by package-lock.json; the host's Node (20 or later) is used once, to install it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help setup setup-test build check format test test-full fuzz bench iso clean

arch := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
node_dir := $(CURDIR)/node_modules/node-linux-$(arch)/bin
node := $(node_dir)/node --disable-warning=ExperimentalWarning
bin := node_modules/.bin
vitest := $(node) $(bin)/vitest run
# Containers need root; sudo asks for it where the caller is somebody else.
sudo := $(if $(filter 0,$(shell id -u)),,sudo)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: build ## install all that rbuild and `make iso` need on this machine
	@bin/rbuild doctor --fix --yes --for iso

setup-test: build
	@bin/rbuild doctor --fix --yes --for test

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@scripts/pinned-node $(node_dir)/node
	@touch $@

build: dist/cli/main.js ## make the program in dist/ from src/
	@:

# The directories change with the names in them.
dist/cli/main.js: node_modules/.package-lock.json scripts/bundle.ts tsconfig.base.json $(shell find src -type d -o -name '*.ts' -o -name '*.tsx')
	@$(node) scripts/bundle.ts

check: build ## types, format, lint, directions, dead code
	@$(bin)/tsc -b
	@$(bin)/biome ci
	@PATH=$(node_dir):$$PATH $(bin)/oxlint --type-aware --deny-warnings src test bench scripts
	@$(node) $(bin)/depcruise --config .dependency-cruiser.cjs --output-type err src
	@$(node) $(bin)/knip

format: node_modules/.package-lock.json ## format the sources
	@$(bin)/biome check --write

test: setup-test check ## all tests on the real kernel, boot of examples/tiny included (30 minutes at most)
	@$(sudo) env PATH=$(node_dir):$$PATH $(vitest)

test-full: setup-test check ## make test, examples/live built twice and booted, and faults at each write (hours)
	@$(sudo) env PATH=$(node_dir):$$PATH RBUILD_TEST_FULL=1 $(vitest)

fuzz: setup-test ## RBUILD_FUZZ_RUNS inputs (100,000) for every parser of what comes from outside
	@$(sudo) env PATH=$(node_dir):$$PATH RBUILD_FUZZ_RUNS=$(or $(RBUILD_FUZZ_RUNS),100000) $(vitest) --project fuzz

iso: setup ## build the Debian live ISO of examples/live: the main job
	@$(sudo) bin/rbuild iso -C examples/live

bench: setup-test ## ratios against Docker, side by side in one run
	@$(sudo) env PATH=$(node_dir):$$PATH $(node) bench/run.ts

clean: ## remove what was built here (not the engine's store)
	@rm -rf dist out examples/*/out examples/*/build coverage
