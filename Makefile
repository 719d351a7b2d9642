# Clearway. Every target sets up what it needs in .venv, and again only when pyproject.toml has changed.

PYTHON ?= python3
# One more than there are cores: a test waits a quarter of its time, for a database or a process.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

# Of the practice workspace.
PORT ?= 3000

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Every command and every crash of a test is a process of its own: it is not to compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check bench docs
.DELETE_ON_ERROR:

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

run: .venv/installed ## the practice workspace in a browser: no account, no token, no server
	$(BIN)/clearway practice --port $(PORT)

test: check ## everything: the checks, and all tests on SQLite and PostgreSQL (WORKERS=0: in one process)
	$(BIN)/pytest $$($(BIN)/python -c 'import xdist' 2>&- && echo '-n $(WORKERS)')

check: .venv/installed-dev ## lint, format, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev ## how fast it answers, beside a bare app measured in the same minutes
	$(BIN)/python -m benchmarks

docs: .venv/installed-dev ## the pages that are drawn from the code, and from what its stories find (minutes)
	$(BIN)/python -m docs.draw_lifecycle > docs/lifecycle.md.new && mv docs/lifecycle.md.new docs/lifecycle.md
	$(BIN)/python -m tests.conformance > docs/capabilities.md.new && mv docs/capabilities.md.new docs/capabilities.md

.venv/installed: pyproject.toml | $(BIN)/python
	@echo 'Installing Clearway in .venv (about a minute, the first time) ...'
	@$(PIP) install --editable .
	@touch $@

.venv/installed-dev: pyproject.toml | $(BIN)/python
	@echo 'Installing Clearway and what its tests need in .venv (a few minutes, the first time) ...'
	@$(PIP) install --editable '.[dev]'
	@touch .venv/installed $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Clearway needs Python 3.11 or newer, and "$(PYTHON)" is none. Install one, or name it: make PYTHON=python3.12 ...'; \
	  exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { \
	  echo 'This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv'; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
