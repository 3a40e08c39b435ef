# The two commands: `make demo` and `make test`. Everything else is a part of one of them; `make help` lists all.
# Set-up (tools/setup.sh) finds a CPython >= 3.12 by itself, makes .venv and runs again only when its inputs changed.
SHELL := /bin/sh
PY := .venv/bin/python
# A file's tests stay on one worker. WORKERS=0: one after the other, in this process.
WORKERS ?= 2
PYTEST = $(PY) -m pytest -n $(WORKERS) --dist loadfile
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-dev setup-bench bench bench-quick bench-hold demo test test-system lint types native-test prove reference docs build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with what a run needs, build the native module in place
	@sh tools/setup.sh run

setup-dev: ## the same, and the tools of the tests
	@sh tools/setup.sh dev

demo: setup ## real market data through the real media driver, and a summary (fetches 12 MB once)
	@bars=$$($(PY) tools/fetch_demo_data.py) && \
	rm -rf build/demo/tape && BARS_CSV="$$bars" TAPE="$(CURDIR)/build/demo/tape" .venv/bin/actorbus run config/topologies/bars_demo.yaml --until-idle 1s --summary table

test: setup-dev ## everything that can run on this machine: lint, types, C tests, Python tests
	@$(MAKE) --no-print-directory lint types native-test
	$(PYTEST)

test-system: setup-dev ## the same with Java, Chromium, Prometheus, valgrind and Node installed or located; skips nothing
	@sh tools/system_tools.sh
	@$(MAKE) --no-print-directory lint types native-test
	ACTORBUS_SYSTEM=1 $(PYTEST)

lint: setup-dev ## ruff
	$(PY) -m ruff check .

types: setup-dev ## basedpyright, strict
	$(PY) -m basedpyright

native-test: setup-dev ## C tests: plain, ASan + UBSan, TSan, and valgrind where it is installed
	$(PY) tools/native_test.py

prove: setup-dev ## make prove ISSUE=n LINE=m: run line m of issue n's "Done when"; prints PASS or FAIL with its figure
	@$(PY) -m tests.prove "$(ISSUE)" "$(LINE)"

reference: setup-dev ## write the pages of docs/ that are made from the code
	$(PY) tools/make_reference.py

docs: setup-dev ## the documentation site, into build/site; no network, warnings are errors
	$(PY) -m mkdocs build --strict --quiet
	@echo "the site is build/site/index.html"

SCENARIO ?= all
BENCH_OUT ?= build/bench
BENCH = mkdir -p $(BENCH_OUT) && .venv/bin/actorbus bench

setup-bench: setup-dev ## the same, and the peers of the benchmarks that can be had here
	@$(PY) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['bench'], sep='\n')" | \
	while read -r peer; do \
		$(PY) -m pip --disable-pip-version-check --quiet install "$$peer" || echo "set-up: without $$peer" >&2; \
	done
	@sh tools/aeron_jar.sh

bench: setup-bench ## make bench [SCENARIO=x]: measure beside the peers; JSON and HTML into build/bench, docs/benchmarks.md (an hour)
	@$(BENCH) $(SCENARIO) --json $(BENCH_OUT)/$(SCENARIO).json --html $(BENCH_OUT)/$(SCENARIO).html \
		--markdown $(if $(filter all,$(SCENARIO)),docs/benchmarks.md,$(BENCH_OUT)/$(SCENARIO).md)

bench-quick: setup-dev ## a reduced set in 90 s: shows that it runs, ratios mean little
	@$(BENCH) all --quick --json $(BENCH_OUT)/quick.json --html $(BENCH_OUT)/quick.html

bench-hold: setup-bench ## the rows that must hold, judged (10 minutes, on an otherwise idle machine)
	@$(BENCH) hold --json $(BENCH_OUT)/hold.json --html $(BENCH_OUT)/hold.html

build: setup-dev ## the source package, and the wheel from it, checked, into dist/
	@$(PY) tools/build_wheel.py

clean: ## remove everything that set-up, builds and tests made
	rm -rf .venv .cache build dist native/build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f actorbus/_native*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
