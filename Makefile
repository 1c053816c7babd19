# Two commands: `make run` shows the tool at work, `make test` says whether it can be trusted.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint clean

run: .venv/run.stamp
	$(BIN)/ztna-sim run quick

test: .venv/test.stamp lint
	$(BIN)/pytest

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/run.stamp: .venv/python.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/test.stamp: .venv/python.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ .venv/run.stamp

clean:
	rm -rf .venv
