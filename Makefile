# Everything a newcomer needs: serve, test, check, bench. The rest is listed by `make help`.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help serve test test-long check bench fuzz mutants audit sbom lock clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 12

serve: .venv/.serve ## Install what is locked, and serve on 127.0.0.1:8000
	@exec $(BIN)/icsmulti serve

test: .venv/.dev tests/.installed ## Install what tests need, and run every test but the long ones
	$(BIN)/python -m pytest -m "not long"

test-long: .venv/.dev tests/.installed ## The tests that take longer than a CI run allows
	$(BIN)/python -m pytest -m long

check: .venv/.dev ## Format, lint, types, licences
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.licences

bench: .venv/.dev ## Workloads and peers, side by side
	$(BIN)/python -m bench

fuzz: .venv/.dev ## Fuzz the request's bytes for ten minutes (SECONDS=n for longer)
	$(BIN)/python -m tests.fuzz $(or $(SECONDS),600)

mutants: .venv/.dev ## Mutate the engine and see that its tests notice
	$(BIN)/python -m tests.mutation

audit: .venv/.dev ## Known vulnerabilities of what is locked; a look-up that fails is a failure
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/serve.txt

sbom: .venv/.dev ## What the product is made of (CycloneDX), to sbom.json
	$(BIN)/cyclonedx-py requirements requirements/serve.txt --pyproject pyproject.toml --output-reproducible -o sbom.json

lock: ## Lock the newest versions that pyproject.toml and requirements/*.in allow
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml requirements/serve.in -o requirements/serve.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		-c requirements/serve.txt pyproject.toml requirements/serve.in requirements/dev.in -o requirements/dev.txt

clean: ## Forget what was installed and built
	rm -rf .venv tests/.installed tests/browser/node_modules tests/conformance/readers/icaljs/node_modules

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ICSMulti needs Python 3.11 or newer (make PYTHON=python3.12 …)")'
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }

.venv/.serve: requirements/serve.txt pyproject.toml | .venv/bin/python
	@echo "Installing what is locked in requirements/serve.txt into .venv" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/serve.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.serve
	@echo "Installing what is locked in requirements/dev.txt into .venv" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

tests/.installed: tests/install.sh $(wildcard tests/*/package-lock.json tests/*/*/*/package-lock.json)
	@sh tests/install.sh
	@touch $@
