# Needs Python 3.11 or newer, make and a network. Everything else goes into .venv, which is made once and refreshed
# when a list of requirements changes.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
UV_VERSION := 0.13.9

# Tests at once: they wait for processes, disks and browsers longer than they compute.
AT_ONCE := 3

# The Python that makes .venv: PYTHON=/path/to/python, or the first of these that is new enough.
PYTHON ?=
CANDIDATES = $(if $(PYTHON),'$(PYTHON)',python3.11 python3)

# A copy of each installed list lies in .venv, so that "is it up to date?" costs a comparison of two files.
installed = test -x $(PY) && cmp -s $(1).txt $(VENV)/$(1).txt

.DEFAULT_GOAL := help
.PHONY: help run test fmt lock clean venv venv-dev install install-dev base

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

run: venv ## set up whatever is missing, then serve on http://127.0.0.1:8000
	@exec $(PY) -m driftsentry.first_run

test: venv-dev ## set up whatever is missing, then check and test everything (ARGS="-k words" narrows pytest)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict driftsentry
	$(PY) -m pytest -n $(AT_ONCE) --dist worksteal $(ARGS)

fmt: venv-dev ## format the code and mend what ruff can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: venv ## make the requirements*.txt anew from the .in files (UPGRADE=1: with newer versions)
	@$(PIP) install --quiet uv==$(UV_VERSION)
	@for list in requirements requirements-dev; do \
	  $(PY) -m uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) \
	    --output-file $$list.txt $$list.in || exit 1; done

clean: ## remove .venv and caches; .env and data stay
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@{ $(call installed,requirements); } || $(MAKE) --no-print-directory install

venv-dev:
	@{ $(call installed,requirements) && $(call installed,requirements-dev); } || $(MAKE) --no-print-directory install-dev

install: base
	@echo 'Installing the requirements into $(VENV) ...'
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@cp requirements.txt $(VENV)/requirements.txt

install-dev: base
	@echo 'Installing the requirements and the tools for tests into $(VENV) ...'
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@cp requirements.txt requirements-dev.txt $(VENV)/

# "made" is written last, so that a set-up that was interrupted starts again.
base:
	@test -x $(PY) && test -e $(VENV)/made && exit 0; \
	for python in $(CANDIDATES); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$("$$python" --version) ..."; \
	  "$$python" -m venv --clear $(VENV) && touch $(VENV)/made && exit 0; \
	  echo 'Python could not make $(VENV). On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; \
	done; \
	echo 'DriftSentry needs Python 3.11 or newer, and found none.' \
	  'Install it, or name it: make run PYTHON=/path/to/python3.11' >&2; exit 1
