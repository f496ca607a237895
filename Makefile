# Every command works on a machine that has Python 3.10+ and make: the rest is installed below .venv and node_modules.

PYTHON ?= python3
VENV := .venv
# Node, npm and the CDK's CLI come from the virtual environment and from node_modules; nothing else on PATH is needed.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

SETUP := node_modules/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint mypy pyright docs snapshots properties mutation versions bench dist lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(SETUP) ## install what development needs, at pinned versions

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@echo "setting up Python packages in $(VENV) (about a minute)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(SETUP): $(VENV)/.installed package-lock.json
	@echo "setting up the CDK CLI and pyright in node_modules"
	@npm ci --silent
	@touch $@

demo: setup ## deploy the example app to an embedded AWS and show what Personalize may do
	@python -m demo

test: ## run every check: lint, types, tests, a real deploy
	@$(MAKE) --no-print-directory -j 2 lint mypy pyright
	@python -m pytest

lint: $(VENV)/.installed ## check style and formatting with ruff
	@ruff check .
	@ruff format --check .

# Takes most of a minute without its cache; meanwhile npm sets up.
mypy: $(VENV)/.installed ## check the types with mypy
	@mypy

pyright: setup ## check the types with pyright
	@pyright

docs: setup ## build the documentation and serve it at http://127.0.0.1:8000
	@NO_MKDOCS_2_WARNING=1 mkdocs serve --strict --dev-addr 127.0.0.1:8000

snapshots: setup ## write the template snapshots anew, after a change that is meant
	@python -m pytest -n 0 -q tests/templates/test_snapshots.py --snapshot-update

properties: setup ## prove a thousand random apps against the page
	@PROPERTY_EXAMPLES=1000 python -m pytest tests/proof/test_properties.py -q

mutation: setup ## break the library's own code and table in every single way; takes an hour or more
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/mutation.txt
	@python -m pytest tests/proof/mutated_matrix.py -q
	@scripts/test-mutants

versions: setup ## test at the lowest and the newest versions that are supported; name interpreters with PYTHONS
	@scripts/test-versions $(PYTHONS)

bench: setup ## measure the construct against the same stack written by hand, and write docs/speed.md
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@python -m bench

dist: setup ## build the wheel and the source distribution in dist
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} python -m build --no-isolation

lock: setup ## renew the pinned and hashed requirements
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header requirements/dev.in -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-deps requirements/data.in -o requirements/data.txt
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header requirements/lowest.in -o requirements/lowest.txt
	for extra in mutation bench; do \
		uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header -c requirements/dev.txt requirements/$$extra.in -o requirements/$$extra.txt; done
	npm install --package-lock-only --silent

clean: ## remove what was installed or generated
	rm -rf $(VENV) node_modules cdk.out dist site mutants .pytest_cache .mypy_cache .ruff_cache
