# The project's commands. Each does its own set-up, and is quick and quiet the second time.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test fast check docs bench install clean

PIP := .venv/bin/python -m pip --disable-pip-version-check
TORCH := $(shell sed -n 's/^torch==/&/p' constraints.txt)
TORCH_INDEX_URL ?=

# Tests that need nothing but the packages, and share the processor well.
QUICK := not weights and not browser and not postgres and not slow

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

run: .venv/.run ## set up everything, then serve the bot on HOST:PORT (http://127.0.0.1:8000)
	@exec .venv/bin/groundtalk serve

test: .venv/.dev .venv/.system ## set up everything, then run the tests
	@PROFILE=full .venv/bin/groundtalk models pull
ifdef TESTS
	@.venv/bin/python -m pytest $(TESTS)
else
	@.venv/bin/python -m pytest -n auto -m "$(QUICK)"
	@.venv/bin/python -m pytest -m "not ($(QUICK))"
endif

fast: check ## lint, types, and the tests that need no weights, browser or PostgreSQL
	@.venv/bin/python -m pytest -n auto -m "$(QUICK)" $(TESTS)

check: .venv/.dev ## lint, formatting and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy

docs: .venv/.docs ## build the documentation's site into build/site
	@.venv/bin/zensical build --strict

bench: .venv/.dev ## the measurements of docs/benchmarks.md
	@for file in $$(grep -l __main__ benchmarks/*.py); do \
	  name=benchmarks.$$(basename $$file .py); echo "python -m $$name"; .venv/bin/python -m $$name || echo "not measured"; \
	done

install: .venv/.run ## only set up .venv

clean: ## remove .venv (downloaded weights stay in the user's cache)
	@rm -rf .venv

# --- set-up -----------------------------------------------------------------------------------------------------

# One line that shows what pip is at.
WATCH := awk '/Downloading|Installing/ { printf "\r\033[K%.100s", $$0; fflush() } END { printf "\r\033[K" }'

.venv/bin/python:
	@for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	  if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; exec $$python -m venv .venv; \
	  fi; \
	done; \
	echo "No Python >= 3.11 with venv found. Install one (Debian, Ubuntu: apt install python3 python3-venv)." >&2; \
	exit 1

# The default torch for Linux brings several GB for NVIDIA cards. Without such a card, TORCH_INDEX_URL may name the
# address of PyTorch's CPU builds (pytorch.org, "Get started") to take torch from.
.venv/.torch: constraints.txt | .venv/bin/python
	@if [ -n "$(TORCH_INDEX_URL)" ]; then \
	  $(PIP) install --no-deps --index-url "$(TORCH_INDEX_URL)" $(TORCH) | $(WATCH); \
	fi
	@touch $@

.venv/.run: pyproject.toml constraints.txt .venv/.torch
	@echo "Installing packages (a few minutes the first time)"
	@$(PIP) install -c constraints.txt -e . | $(WATCH)
	@touch $@

.venv/.dev: .venv/.run
	@$(PIP) install -c constraints.txt -e '.[dev]' | $(WATCH)
	@touch $@

.venv/.docs: .venv/.run
	@$(PIP) install -c constraints.txt -e '.[docs]' | $(WATCH)
	@touch $@

# What the tests need beside Python: a browser, the programs of PostgreSQL, and text recognition.
.venv/.system: | .venv/bin/python
	@missing=; \
	command -v chromium google-chrome >/dev/null || missing+=" chromium"; \
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=" postgresql"; \
	command -v tesseract >/dev/null || missing+=" tesseract-ocr"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing; \
	  else \
	    echo "The tests also need:$$missing. Install them (sudo apt install$$missing) and run make test again." >&2; exit 1; \
	  fi; \
	fi
	@touch $@
