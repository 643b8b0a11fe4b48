# Two commands matter: `make demo` to look, `make test` to be sure. `make help` lists the rest.

PORT ?= 8000
LMS_PORT ?= 8001
ARGS ?=
export PORT LMS_PORT
# Bytecode is kept, whatever the shell says: the demo and the tests start many processes, which else compile all anew.
export PYTHONDONTWRITEBYTECODE :=
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
OWN := course_sync mentor_console lti_tool

.PHONY: help demo demo-reset test sure bench format audit screenshots
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

demo:  ## the tool, its worker and a demo platform with 300 real learning histories
	@scripts/bootstrap demo && exec $(BIN)/ementor demo --port "$(PORT)" --lms-port "$(LMS_PORT)"

demo-reset:  ## forget what the demo has kept
	@if [ -x $(BIN)/ementor ]; then $(BIN)/ementor demo --forget; else rm -rf .demo; fi

test:  ## every test: unit, integration on two databases, functional, certification, browser, house
	@scripts/bootstrap test && scripts/browser >/dev/null
	@CHROMIUM="$$(scripts/browser)" $(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(ARGS)

sure:  ## format, lint, types, import contracts, templates, house tests; under a minute
	@scripts/bootstrap check,test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/djlint --lint --quiet templates lti_tool/demo_lms/templates
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/house $(ARGS)

bench:  ## how long things take, each against its bound: Today, the demo, a sync beside a loop, launches beside PyLTI1p3
	@scripts/bootstrap test
	@$(BIN)/python -m tests.bench.today
	@$(BIN)/python -m tests.bench.sync
	@$(BIN)/python -m tests.bench.ingest
	@$(BIN)/python -m tests.bench.scaling
	@$(BIN)/python -m tests.bench.demo
	@$(BIN)/python -m tests.bench.launches

format:  ## put every file into the house's format
	@scripts/bootstrap check,test
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format .

audit:  ## ask the vulnerability service about every installed package
	@scripts/bootstrap audit
	@$(BIN)/python scripts/audit.py

screenshots:  ## a picture of every page into docs/images, from a demo of its own
	@scripts/bootstrap test && CHROMIUM="$$(scripts/browser)" $(BIN)/python scripts/screenshots.py
