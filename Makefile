# Every command works on a machine that has Python 3.11+ and make: the rest is installed below .venv and node_modules.

PYTHON ?= python3
VENV := .venv
SYSTEM_PATH := $(subst $(CURDIR)/$(VENV)/bin:,,$(PATH))
# Node, npm and the CDK's CLI come from the virtual environment and from node_modules; nothing else on PATH is needed.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# What jsii unpacks of aws-cdk-lib, once for all processes: those of the tests have homes of their own.
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/$(VENV)/jsii
# In a home that can't be written, npx never ends: tests run it, in folders of their own.
export npm_config_cache := $(CURDIR)/.cache/npm
# Byte code is kept even where the environment says otherwise, as containers do: compiling aws-cdk-lib and botocore takes
# each of the processes that the tests start longer than its work.
unexport PYTHONDONTWRITEBYTECODE
# PYTHON, if somebody named one: without a name any Python in .venv that is new enough will do.
NAMED_PYTHON := $(if $(filter command environment,$(word 1,$(origin PYTHON))),$(PYTHON))
# Installs what a target needs besides requirements/dev.txt.
INSTALL := scripts/uv pip install --quiet --require-hashes -r
COMPILE := scripts/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

INTERRUPTIBLE := python scripts/interruptible

WRITE_PAGES := @for page in permission_matrix picture reports llms; do python docs/$$page.py || exit; done

.DEFAULT_GOAL := help
.PHONY: help setup demo integ test lint mypy pyright coverage docs site snapshots long properties mutation versions bench dist workflows lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

SET_UP := @PATH='$(SYSTEM_PATH)' scripts/set-up

setup: ## install what development needs, at pinned versions; takes 1.2 GB
	$(SET_UP) dev $(NAMED_PYTHON)
	@$(if $(filter setup,$(MAKECMDGOALS)),echo "▶ all is installed. make test runs every check; make lists the other targets",:)

demo: ## deploy the example app to an embedded AWS and show what Personalize may do; with V=1 in full
	$(SET_UP) demo $(NAMED_PYTHON)
	@python -m demo $(if $(V),--verbose)

integ: setup ## try in an AWS account of yours what AWS doesn't document; says beforehand what it makes and costs
	@python -m integ $(if $(PROFILE),--profile $(PROFILE)) $(if $(REGION),--region $(REGION)) \
		$(if $(HOURS),--hours $(HOURS)) $(if $(YES),--yes) $(if $(TAKE_DOWN),--take-down $(TAKE_DOWN))

test: setup ## run every check: lint, types, tests, a real deploy; with T='tests/doctor -k trail' these tests alone
ifdef T
	@$(INTERRUPTIBLE) python -m pytest $(T)
else
	@echo "▶ ruff, mypy and pyright (seconds with the caches of an earlier run, half a minute without)"
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint mypy pyright $(VENV)/compiled
	@echo "▶ pytest (three minutes on two cores that do nothing else; this machine has $$(python -c 'import os; print(os.cpu_count())'))"
	@$(INTERRUPTIBLE) python -m pytest
endif

lint: setup ## check style and formatting with ruff
	@ruff check .
	@ruff format --check .

mypy: setup ## check the types with mypy
	@$(INTERRUPTIBLE) --at-once mypy

pyright: setup ## check the types with pyright
	@$(INTERRUPTIBLE) --at-once pyright

# The workers of pytest would each compile the same modules when they collect the tests, at the same time.
$(VENV)/compiled: requirements/dev.txt | setup
	@$(INTERRUPTIBLE) python -m pytest --collect-only -qq -n 0 >$@ || true

# The engine, the plan and the function in users' accounts; elsewhere fail_under of pyproject.toml is enough.
DECIDES := */_evaluation/*,*/_needs/*,*/_findings/*,*/_advice/*,*/_reports/*,*/_model/*,*/_comparison.py,*/_owners/aws_managed_policies.py
DECIDES := $(DECIDES),*/_grant/*,*/_managed_key_policy/*,*/_shared/values.py,*/matrix.py

coverage: setup ## run the tests, and fail if they leave out too many branches of the library
	@coverage erase
	@coverage run -m pytest
	@coverage combine --quiet
	@coverage report
	@coverage report --include='$(DECIDES)' --fail-under=99 >/dev/null || \
		{ echo "less than 99 % of what decides on permissions is covered: $(DECIDES)"; exit 2; }

docs: setup ## build the documentation and serve it at http://127.0.0.1:8000, or at PORT
	$(WRITE_PAGES)
	@zensical serve --dev-addr 127.0.0.1:$(or $(PORT),8000)

site: setup ## build the documentation into the folder site
	$(WRITE_PAGES)
	@zensical build --clean --strict

snapshots: setup ## rewrite snapshots and generated pages after an intended change
	$(WRITE_PAGES)
	@python -m pytest -n 0 -q tests/templates/test_snapshots.py --snapshot-update

long: setup ## run the slow tests about releases, set-up and runs on AWS
	@$(INTERRUPTIBLE) python -m pytest -m long

properties: setup ## compare a thousand random apps with the page
	@PROPERTY_EXAMPLES=1000 python -m pytest tests/proof/test_properties.py -q

mutation: setup ## break the code that decides, and the table, in every single way; takes about half an hour
	@$(INSTALL) requirements/mutation.txt
	@python -m pytest tests/proof/mutated_matrix.py -q
	@scripts/test-mutants

versions: setup ## test at the lowest and the newest versions that are supported; name interpreters with PYTHONS
	@scripts/test-versions $(PYTHONS)

bench: setup ## measure the construct beside a stack by hand, and the judge in a synth, into docs/speed.md
	@python -m bench

dist: setup ## build wheel and source distribution in dist and an SBOM in sbom, and check them as PyPI does
	@$(INSTALL) requirements/dist.txt
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} python -m build --no-isolation
	@twine check --strict dist/*
	@rm -rf sbom && mkdir sbom && python -m venv --clear --without-pip .cache/wheel
	@scripts/uv pip install --quiet --python .cache/wheel/bin/python -c requirements/dev.txt dist/*.whl
	@cyclonedx-py environment --output-reproducible --pyproject pyproject.toml -o sbom/personalize-kms-constructs.cdx.json \
		.cache/wheel/bin/python

workflows: setup ## check the workflows with zizmor
	@$(INSTALL) requirements/workflows.txt
	@zizmor --offline --pedantic --quiet .github

lock: setup ## renew the pinned and hashed requirements
	for list in uv dev lowest; do $(COMPILE) requirements/$$list.in -o requirements/$$list.txt || exit; done
	$(COMPILE) -c requirements/dev.txt requirements/demo.in -o requirements/demo.txt
	$(COMPILE) --no-deps requirements/data.in -o requirements/data.txt
	for extra in mutation dist workflows; do \
		$(COMPILE) -c requirements/dev.txt requirements/$$extra.in -o requirements/$$extra.txt || exit; done
	npm install --package-lock-only --silent

clean: ## remove what was installed or generated
	rm -rf $(VENV) node_modules cdk.out dist sbom site mutants .cache .coverage* .pytest_cache .mypy_cache .ruff_cache .demo .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
