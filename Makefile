# Every target sets up what it needs; nothing but Python >= 3.11 has to be there.  `make` alone prints help.

PYTHON  ?= python3
WORKERS ?= 2
# Tests drive real processes on a machine that others may be using: one that fails is tried again in CI, and every such
# second try is named in the report (`rerun`), so that it is seen.
AGAIN   := $(if $(CI),--reruns 2 --reruns-delay 2 -rR)
VENV    := .venv
PY      := $(VENV)/bin/python
DEMO    := $(VENV)/.installed-demo
DEV     := $(VENV)/.installed-dev

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
SECONDS ?= 600

.PHONY: help demo test check long soak bench score screenshots docs clean

help: ## list the targets
	@echo "Case gateway. Targets (each installs what it needs into $(VENV)):"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r t d; do printf '%-14s %s\n' "$$t" "$$d"; done

demo: $(DEMO) ## play the whole story on this machine, offline (ARGS=--once: then exit)
	@$(PY) -m gateway demo $(ARGS)

test: $(DEV) ## run every test; provides PostgreSQL and Redis (CI=true: a missing service fails)
	@$(PY) -m tests.services
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(AGAIN) $(ARGS)

check: $(DEV) ## format, lint, types, import contracts, unit tests; under a minute
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy --no-error-summary
	@PYTHONPATH=. $(VENV)/bin/lint-imports --no-logo
	@$(PY) -m pytest -q tests/unit $(AGAIN) $(ARGS)

long: $(DEV) ## run the long forms of the tests and the planted bugs; prints a table
	@$(PY) -m tests.services
	@$(PY) -m scripts.long $(ARGS)

soak: $(DEV) ## run an installation under faults and count what became of everything (SECONDS=600)
	@$(PY) -m tests.services
	@$(PY) -m tests.crash.soak --seconds $(SECONDS) $(ARGS)

bench: $(DEV) ## run the benchmarks, print one table of ratios (ONLY=accept: just that one)
	@$(PY) -m tests.services
	@$(PY) -m benchmarks $(ONLY)

score: $(DEMO) ## judge a labelled corpus (CORPUS=DIR with labels.jsonl)
	@$(PY) -m scripts.score "$(CORPUS)"

screenshots: $(DEV) ## take a picture of every page of the console, into tests/screenshots (ARGS=--docs: those of the documents)
	@$(PY) -m tests.services
	@$(PY) -m scripts.screenshots $(ARGS)

docs: $(DEV) ## redraw what is drawn from tables
	@$(PY) -m scripts.draw_docs

clean: ## remove the virtual environment and all caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(DEMO): constraints.txt pyproject.toml
	@bash scripts/install.sh "$(PYTHON)" "$(VENV)" demo

$(DEV): constraints.txt pyproject.toml
	@bash scripts/install.sh "$(PYTHON)" "$(VENV)" dev
