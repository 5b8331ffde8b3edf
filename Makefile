# make setup   install everything into .venv      make demo    two nodes, the reported case
# make test    check, then all tests but slow     make check   lint, types, directions, house rules
# make bench   measure; writes build/bench.json   make soak    the slow tests
# make fast    tests only, stop at the first      make lock    lock requirements anew (needs uv)

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKED := requirements/run.txt requirements/dev.txt requirements/build.txt
TYPED = $(wildcard src bench)
JOBS ?= 2

# Set PYTHON to choose one; else the first of these that is 3.11 or later.
PYTHON ?=
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14 python

.PHONY: help setup demo test check bench soak fast lint types rules named lock clean

help:
	@sed -n 's/^# //p' Makefile | sed '/^Set PYTHON/,$$d'

setup: $(VENV)/.installed

# The project itself: an editable install that fetches nothing. Done again when its metadata change.
$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(PIP) install --no-build-isolation --no-deps --no-index --editable .
	@touch $@
	@echo "setup: done; $(BIN)/safeconduct --help" >&2

# What it needs, by hash. Done again when a locked list changes.
$(VENV)/.locked: $(VENV)/.made $(LOCKED)
	@echo "setup: installing the locked requirements into $(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/dev.txt -r requirements/build.txt
	@touch $@

# The environment. Debian and Ubuntu keep ensurepip in a package of its own, so its absence is met
# here: installed when we may, told plainly when we may not.
$(VENV)/.made:
	@set -eu; \
	say() { echo "setup: $$*" >&2; }; \
	new='import sys; sys.exit(sys.version_info < (3, 11))'; \
	python=''; \
	for name in $(or $(PYTHON),$(CANDIDATES)); do \
	    if command -v "$$name" >/dev/null 2>&1 && "$$name" -c "$$new" >/dev/null 2>&1; then \
	        python=$$name; break; \
	    fi; \
	done; \
	if [ -z "$$python" ]; then \
	    say 'no Python 3.11 or later among: $(or $(PYTHON),$(CANDIDATES))'; \
	    say 'install one (Debian 12, Ubuntu 24.04 or later: apt-get install python3 python3-venv)'; \
	    say 'or name one: make setup PYTHON=path/to/python3.12'; \
	    exit 1; \
	fi; \
	ready() { "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; }; \
	if ! ready; then \
	    own=python$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv; \
	    as=no; \
	    if command -v apt-get >/dev/null 2>&1; then \
	        if [ "$$(id -u)" = 0 ]; then as=''; \
	        elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then as='sudo -n'; \
	        fi; \
	    fi; \
	    if [ "$$as" != no ]; then \
	        say "$$python has no venv module; installing python3-venv with apt-get"; \
	        get="$$as env DEBIAN_FRONTEND=noninteractive apt-get -qq -y"; \
	        for package in python3-venv "$$own"; do \
	            ready && break; \
	            $$get install "$$package" >&2 || { $$get update >&2 && $$get install "$$package" >&2; } || true; \
	        done; \
	    fi; \
	    if ! ready; then \
	        say "$$python cannot make virtual environments: its venv or ensurepip module is missing"; \
	        say "install it (Debian, Ubuntu: apt-get install python3-venv, or $$own), then: make setup"; \
	        exit 1; \
	    fi; \
	fi; \
	say "using $$("$$python" --version) ($$(command -v "$$python"))"; \
	"$$python" -m venv --clear $(VENV); \
	touch $@

demo: setup
	@$(BIN)/safeconduct demo

test: setup check
	$(BIN)/pytest -q -n $(JOBS) --dist loadscope

check: setup lint types rules named

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy $(TYPED)

rules: setup
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/house_rules.py

# Documentation names every record type, command and setting.
named: setup
	$(BIN)/pytest -q tests/docs/test_docs.py

fast: setup
	$(BIN)/pytest -q -x -n $(JOBS) --dist loadscope

bench: setup
	@mkdir -p build
	$(BIN)/python -m bench

soak: setup
	$(BIN)/pytest -q -m slow --timeout=0

# One list serves every Python from 3.11 on and every platform; no index host is written into it.
LOCK = uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock:
	@command -v uv >/dev/null 2>&1 || { echo 'lock: uv is missing; pipx install uv' >&2; exit 1; }
	cd requirements && $(LOCK) run.in -o run.txt
	cd requirements && $(LOCK) dev.in -c run.txt -o dev.txt
	cd requirements && $(LOCK) build.in -c dev.txt -o build.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
