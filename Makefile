# Casework. Needs make and Python 3.11 or newer, nothing else. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help install development up test quick lint lock bench chromium dovecot

ARGS ?=
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALLED_FOR_DEVELOPMENT := .venv/.installed-for-development

# A second make waits here for the first instead of writing into the same folder; what is done is not done again.
ONE_AT_A_TIME = $(PYTHON) -c 'import fcntl, subprocess, sys; mine = open("Makefile"); \
	fcntl.flock(mine, fcntl.LOCK_EX); sys.exit(subprocess.call(sys.argv[1:]))'

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1|/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

install: ## Install into .venv what running needs
	@$(MAKE) -q $(INSTALLED) 2>/dev/null || $(ONE_AT_A_TIME) $(MAKE) $(INSTALLED)

development: ## Install into .venv what testing needs
	@$(MAKE) -q $(INSTALLED_FOR_DEVELOPMENT) 2>/dev/null || $(ONE_AT_A_TIME) $(MAKE) $(INSTALLED_FOR_DEVELOPMENT)

up: install ## Start everything on this machine; options in ARGS, for example ARGS=--no-demo
	@exec $(BIN)/casework up $(ARGS)

test: development chromium dovecot ## Lint, type check and the whole suite
	@$(MAKE) lint
	@$(BIN)/pyright
	@exec $(BIN)/pytest $(ARGS)

quick: development ## Lint and the tests that start no stack, no simulators and no browser
	@$(MAKE) lint
	@exec $(BIN)/pytest -n auto -m 'not stack and not browser and not simulators and not exhaustive' $(ARGS)

lint: development ## Style and import order
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

bench: development ## Measure actions, events and lives a second
	@exec $(BIN)/python -m bench $(ARGS)

# The machine's own pip settings are left out, so that no address or constraint of it gets into the locks.
LOCK := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= PIP_CONSTRAINT= $(BIN)/pip-compile --quiet \
	--generate-hashes --all-build-deps --allow-unsafe --strip-extras --no-header --no-annotate --no-emit-options \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: development ## Pin the newest versions that pyproject.toml allows
	@$(LOCK) --upgrade --output-file requirements.lock pyproject.toml
	@$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	@sed -i.before -e '/^#/d' requirements.lock requirements-dev.lock && rm requirements.lock.before requirements-dev.lock.before

# $(call debian_package,package,programs,what is skipped without it): installs a package that only tests need.
define debian_package
	@if PATH="$$PATH:/usr/sbin" command -v $(2) >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing the package $(1) for $(3)'; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update && apt-get install --yes --no-install-recommends $(1); } >.venv/$(1).log 2>&1 \
			|| echo '$(1) could not be installed (.venv/$(1).log); $(3) are skipped'; \
	else \
		echo 'no $(1), and only root can install it with apt-get; $(3) are skipped'; \
	fi
endef

chromium: ## Install Debian's Chromium for the browser tests, where this user may
	$(call debian_package,chromium,chromium chromium-browser google-chrome,the browser tests)

# Masked first where systemd runs: the package would start a mail server, and the tests need only the program.
dovecot: ## Install Debian's Dovecot for the tests of mailboxes, where this user may
	@if ! PATH="$$PATH:/usr/sbin" command -v dovecot >/dev/null && [ "$$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then \
		systemctl mask --quiet dovecot.service dovecot.socket; fi
	$(call debian_package,dovecot-imapd,dovecot,the tests of mailboxes)

$(INSTALLED): requirements.lock pyproject.toml
	@[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed; none is on PATH' >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv \
		|| { echo 'the virtual environment could not be made; Debian needs the package python3-venv for it' >&2; exit 1; }
	@echo 'installing into .venv'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(INSTALLED_FOR_DEVELOPMENT): requirements-dev.lock $(INSTALLED)
	@echo 'installing into .venv what testing needs'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@
