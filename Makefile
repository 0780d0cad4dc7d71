# Everything a newcomer needs: `make demo` runs the main job on the built-in lab, `make test` passes all tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := demo

# What signing, the evidence database and `hauberk push` need beyond a scan.
server: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-server.lock

.PHONY: server demo test lint format bench servers catalogue lock clean

demo: $(VENV)/.installed
	$(BIN)/hauberk demo

test: $(VENV)/.installed-dev servers
	$(BIN)/pytest -n 3 --dist worksteal -rs

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/hauberk catalogue --format markdown | diff -u docs/catalogue.md - || (echo "docs/catalogue.md is stale: run make catalogue" && exit 1)

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev servers
	$(BIN)/python -m benchmarks.run

# The real servers that some tests want (Debian, as root); elsewhere it says what is skipped.
servers:
	@sh tests/setup/install_servers.sh

catalogue: $(VENV)/.installed
	$(BIN)/hauberk catalogue --format markdown > docs/catalogue.md

# New locks; run after changing the dependencies in pyproject.toml.
lock: $(VENV)/.installed-dev
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra server --extra signatures --extra system -o requirements-server.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra server --extra signatures --extra system --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) evidence dist build .pytest_cache .ruff_cache .hypothesis

# Debian's python3 cannot make one without the package python3-venv, and leaves half of it behind.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The package itself is put on the path by a .pth file, so that no build tool is needed to run it.
$(VENV)/.installed: $(VENV)/bin/python requirements.lock pyproject.toml scripts/link_package.py
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python scripts/link_package.py
	touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml scripts/link_package.py
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python scripts/link_package.py
	touch $@ $(VENV)/.installed
