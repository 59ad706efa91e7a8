# Every verb of the project; `make help` lists them. Needs python3 (3.11 or newer) and make; the rest is installed into .venv.
SHELL := /bin/sh
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
export PYTHONPATH := $(CURDIR)

# Debian splits ensurepip off into python3-venv. Where only pip is there, it fills an environment made without it.
PIP = $$(if [ -x $(BIN)/pip ]; then echo $(BIN)/pip; else echo $(PYTHON) -m pip --python $(BIN)/python; fi)
# The lock files name every package with its hash, so nothing is left to resolve. What is installed already is not touched again.
INSTALL = cmp -s $(1) $(VENV)/installed-$(1) || { echo "Installing $(1)"; $(PIP) install --quiet --no-deps --require-hashes -r $(1) && cp $(1) $(VENV)/installed-$(1); }

# mypy's plugin and Django's checks read the settings; this environment is complete, and points at nothing.
KEY := 0000000000000000000000000000000000000000000000000000000000000000
SETTINGS = set -a; . ./.env.example; set +a; export PAPER_ROUND_VAR=$(CURDIR)/var/check SECRET_KEY=$(KEY) TOKEN_KEYS=$(KEY) IDENTITY_KEY=$(KEY) DATABASE_URL=postgres://nobody@%2Fnonexistent/none

.DEFAULT_GOAL := help
.PHONY: help run cluster test chaos defences check up down golden screens docs audit lock dense clean venv requirements requirements-dev chromium

help: ## list the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | awk -F '\t' '{printf "make %-9s %s\n", $$1, $$2}'
	@echo 'ARGS=... is handed on: make run ARGS=--once, make test ARGS="tests/local -k inbox".'

run: requirements ## start everything on this machine and stay; ARGS=--once does the whole job and ends
	@exec $(BIN)/python -m digest.local run $(ARGS)

cluster: requirements ## like run, as two hosts with workers and a beat each; ARGS=--once does the whole job and ends
	@exec $(BIN)/python -m digest.local run --hosts 2 $(ARGS)

up: requirements ## start the private PostgreSQL and Valkey alone, in the background
	@$(BIN)/python -m digest.local up

down: requirements ## stop the private PostgreSQL and Valkey
	@$(BIN)/python -m digest.local down

test: requirements-dev chromium ## run every test
	$(BIN)/python -m pytest --numprocesses auto --dist load --maxschedchunk 1 $(ARGS)

chaos: requirements-dev ## kill workers, databases and connections at random, and count at the server (some minutes)
	$(BIN)/python -m tests.chaos $(ARGS)

defences: requirements-dev ## take each defence away on a copy, and see that a test notices (some minutes); ARGS=words of names
	$(BIN)/python -m tests.defences $(ARGS)

check: requirements-dev ## format, lint, types, layers, templates, missing migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@echo mypy; $(SETTINGS); $(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --lint --quiet templates
	@echo makemigrations --check; $(SETTINGS); $(BIN)/python -W "ignore:Got an error checking a consistent migration history" manage.py makemigrations --check --dry-run

golden: requirements-dev ## rewrite the golden files; look at the difference before you commit it
	GOLDEN=1 $(BIN)/python -m pytest tests -k golden -q $(ARGS)
	git diff --stat -- tests

screens: requirements-dev chromium ## take the pictures of every page into docs/screens; look at them before you commit them
	SCREENS=docs/screens $(BIN)/python -m pytest tests/browser/test_pages.py tests/browser/test_readers.py tests/browser/test_admin.py -q $(ARGS)

preview: requirements-dev chromium ## pictures of every message, phone and desktop, light and dark; ARGS=--screens renews docs/screens
	@$(SETTINGS); export DJANGO_SETTINGS_MODULE=digest.settings PAPER_ROUND_VAR=$(CURDIR)/var; exec $(BIN)/python -m tests.messages.gallery $(ARGS)

docs: requirements-dev ## build the documentation into var/docs; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs var/docs
	@echo "Open var/docs/index.html"

audit: requirements-dev ## list the licences of the locked packages, and look for known holes in them (asks pypi.org)
	$(BIN)/pip-licenses --from=mixed --order=license
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.txt || { \
		echo 'A package above has a known hole, or could not be looked up: pip-audit asks https://pypi.org about each one.'; \
		echo 'Without that service nothing is known about holes; the list of licences is complete. Try again with the network.'; \
		exit 1; }

lock: requirements-dev ## renew requirements.txt, -dev.txt and -dense.txt from the .in files
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --upgrade requirements.in -o requirements.txt
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --upgrade requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --upgrade requirements-dense.in -o requirements-dense.txt

clean: ## stop the private servers; remove .venv, the caches and all that local runs keep under var/
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m digest.local erase; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

requirements: venv
	@$(call INSTALL,requirements.txt)

requirements-dev: requirements
	@$(call INSTALL,requirements-dev.txt)

venv:
	@$(BIN)/python -c '' 2>/dev/null || { \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
			|| { echo "Paper Round needs Python 3.11 or newer as $(PYTHON). Install it, or say make PYTHON=/path/to/python3."; exit 1; }; \
		$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 \
			|| { $(PYTHON) -m pip --version >/dev/null 2>&1 && $(PYTHON) -m venv --clear --without-pip $(VENV); } \
			|| { echo "$(PYTHON) has neither venv nor pip. On Debian: apt-get install python3-venv."; exit 1; }; }

dense: requirements ## install what the optional vectors of meaning need
	@$(call INSTALL,requirements-dense.txt)

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			|| { echo "The browser tests need Chromium on the PATH; install it (on Debian: apt-get install chromium), or run make test as root."; exit 1; }; \
		echo "Installing Chromium"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; }
