# Every target is one or two lines of real commands; `make help` lists them.
SHELL := /bin/bash
BUILD ?= build/release
JOBS ?= $(shell nproc)
ADDRESS ?= 0.0.0.0:8000
DATA ?=
MINUTES ?= 10
SECONDS_EACH ?= 60
WERROR ?= $(if $(CI),ON,OFF)
# The npm package `node` brings a current Node.js; it precedes whatever the system has.
export PATH := $(CURDIR)/web/node/node_modules/.bin:$(PATH)

.PHONY: help run build deps web configure test lint format fuzz bench bench-charts bench-fanout bench-start sanitize test-timescale soak clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: build ## Install what is missing, build, serve the dashboard and the API on port 8000
	@exec $(BUILD)/tickspan serve --listen $(ADDRESS) $(if $(DATA),--data $(DATA)) --offline simulate --log-level warn

build: deps web configure ## Build the program: build/release/tickspan
	@echo "== Building the program ($(JOBS) jobs; the first time takes some minutes)"
	@cmake --build $(BUILD) -j $(JOBS) --target tickspan

deps:
	@tools/install_packages.sh build

web:
	@web/build.sh

configure:
	@test -f $(BUILD)/build.ninja && grep -q 'TICKSPAN_WERROR:BOOL=$(WERROR)' $(BUILD)/CMakeCache.txt \
	  || cmake --preset release -B $(BUILD) -DTICKSPAN_WERROR=$(WERROR) --log-level=WARNING

test: build ## Units, contracts, integration, browser and the short seeded tests
	@tools/install_packages.sh test
	@cmake --build $(BUILD) -j $(JOBS)
	@cd web && npm test --silent
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error

lint: build ## Formatting, clang-tidy's blocking set, the dashboard's types and rules
	@tools/install_packages.sh lint
	@tools/lint.sh $(BUILD) $(JOBS)

format: ## Format all C++ sources in place
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-14 -i

fuzz: deps ## Every fuzz target for SECONDS_EACH seconds (60)
	@tools/install_packages.sh lint
	@tools/fuzz.sh $(SECONDS_EACH) $(JOBS)

bench: build ## Print the figures: decode, engine, storage, memory, fan-out
	@tools/install_packages.sh bench
	@cmake --build $(BUILD) -j $(JOBS)
	@tools/bench.sh $(BUILD)

bench-charts: build ## Charts through REST beside bare SQL and HTTP, and under load while ticks are written
	@tools/install_packages.sh bench
	@cmake --build $(BUILD) -j $(JOBS) --target chart_bench
	@$(BUILD)/bench/chart_bench

bench-fanout: build ## The fan-out beside its peers, in full; ONLY=ceiling,slow picks
	@tools/install_packages.sh bench
	@cmake --build $(BUILD) -j $(JOBS) --target hub_server bare_server fanout_load
	@tools/bench_fanout.py --build $(BUILD) $(if $(ONLY),--only $(ONLY))

bench-start: build ## From exec to the first answer over a database with 100 million trades
	@tools/install_packages.sh bench
	@cmake --build $(BUILD) -j $(JOBS) --target store_fill
	@tools/bench_start.py --build $(BUILD)

sanitize: deps ## The tests again under address/undefined and thread sanitizers
	@tools/install_packages.sh test
	@for preset in asan-ubsan tsan; do cmake --preset $$preset --log-level=WARNING && cmake --build build/$$preset -j $(JOBS) \
	  && ctest --preset $$preset -LE 'e2e|style' --no-tests=error || exit 1; done

test-timescale: build ## The store's tests on a real TimescaleDB, in a Debian 13 made under build/ (as root)
	@cmake --build $(BUILD) -j $(JOBS) --target storage_test storage_postgres_test
	@tools/test_timescale.sh $(BUILD)

soak: build ## The long forms for MINUTES (10): random faults held to the truth, kills, seeds; SEED=N repeats
	@tools/install_packages.sh test
	@cmake --build $(BUILD) -j $(JOBS)
	@tools/soak.sh $(BUILD) $(MINUTES)

clean: ## Remove what was built
	@rm -rf build web/dist
