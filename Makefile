# Everything here needs Python 3.11, make and git; anvil also needs npm.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install demo test nightly check format anvil lock clean

help: ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(INSTALLED) ## Install everything into .venv from the lock file

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## Play solar-day and leave its report in runs/demo
	$(BIN)/wattpost run solar-day --out runs/demo --replace

test: $(INSTALLED) anvil ## Run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

nightly: $(INSTALLED) anvil ## Run the long tests too
	WATTPOST_NIGHTLY=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(INSTALLED) ## Formatting, lint, types, then every test
	$(BIN)/ruff format --check agents scripts tests
	$(BIN)/ruff check agents scripts tests
	$(BIN)/mypy
	$(MAKE) test

format: $(INSTALLED) ## Put code into the house format
	$(BIN)/ruff check --fix agents scripts tests
	$(BIN)/ruff format agents scripts tests

anvil: ## Install the anvil node with npm; without npm its tests are skipped
	@if command -v npm >/dev/null; then \
		test -d tools/anvil/node_modules || npm ci --silent --prefix tools/anvil; \
	else echo "npm is not installed: tests that need anvil will be skipped"; fi

lock: ## Write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --prerelease explicit --custom-compile-command "make lock" --quiet -o requirements.lock

clean: ## Remove what was installed and run
	rm -rf $(VENV) runs build dist agents/*.egg-info .build tools/anvil/node_modules
