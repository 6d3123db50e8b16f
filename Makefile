# What a developer does. A machine needs Python 3.11+, git and make; everything else is fetched, pinned by hash.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := afa alliance consumers producers schemas streams
SOURCES := $(PACKAGES) tests $(wildcard benchmarks)

.DEFAULT_GOAL := help
# What one process has compiled, the many others need not.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run test lint format bench chaos fuzz evaluate lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/stamp-jars ## install everything into .venv, the command as .venv/bin/afa

run: setup ## start Kafka, PostgreSQL, the stream, the casebook and a small city, and show them live
	@$(BIN)/afa up

# A third of it is waiting, so that three processes keep two cores busy.
test: setup ## run all tests
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: setup ## check style, types, imports between packages, and the schemas
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports
	@if [ -e schemas/gate.py ]; then $(BIN)/python -m schemas.gate; fi

format: setup ## put all code into the one style
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

bench: setup ## measure throughput, latency, recovery and what each step costs; one JSON line each
	@$(BIN)/afa bench

chaos: setup ## kill and stall real processes, at length
	@$(BIN)/pytest -m chaos --faults 100 --timeout 7200

fuzz: setup ## put a million bundles through the intake, and run the property tests at length
	@$(BIN)/python -m tests.attacks.fuzz_intake
	@$(BIN)/pytest -n 2 -m "not services and not chaos" --hypothesis-profile fuzz --timeout 7200

evaluate: setup ## play the small city and compare with the truth that only it holds
	@$(BIN)/afa city

lock: .venv/stamp-uv ## resolve the dependencies of pyproject.toml anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet -o requirements.lock

clean: ## remove what setup and the tools made; the data folder stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .import_linter_cache dist
	@find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

.venv/stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is absent; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

# uv's own pin and hashes are the lock's, taken out for pip.
.venv/stamp-uv: .venv/stamp-venv requirements.lock
	@awk '/^uv==/ {found = 1} found {print} found && !/\\$$/ {exit}' requirements.lock > .venv/uv.txt
	@if [ "$$($(BIN)/uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$$(sed -n 's/^uv==\([^ ]*\).*/\1/p' .venv/uv.txt)" ]; \
	  then echo "Installing uv" >&2; $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt; fi
	@touch $@

.venv/stamp-deps: .venv/stamp-uv requirements.lock pyproject.toml
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/stamp-jars: .venv/stamp-deps alliance/embedded/jars.lock
	@$(BIN)/python -m alliance.embedded.jars
	@$(BIN)/python -m alliance.embedded.aot
	@touch $@
