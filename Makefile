# `make demo` and `make check` need only make and a Python 3.11-3.13 with venv.
# uv comes into .uv/, everything else into .venv/, each file checked against its hash in requirements.lock.

PYTHON ?=
ARGS ?=
SEEDS ?= 200
BIN := .venv/bin
UV := .uv/bin/uv
CODE := lineage ingest ui

# A name on the PATH may be a launcher that runs nothing, so each candidate is asked, not just looked up.
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)

# Certificates come from the machine, as pip's do: a company's own authority is known there and not to uv.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.PHONY: help demo check faults bench fix lock clean compiled

help:
	@echo 'make demo    crawl a simulated Hub and answer from it (ARGS="..." goes to lineage demo)'
	@echo 'make check   everything that must hold: lint, types, import contracts, tests'
	@echo 'make faults  crawls and updates against a Hub that fails, on 200 seeds (make check: 20); SEEDS=1000 for more'
	@echo 'make bench   what each stage costs on this machine, on invented worlds of up to a whole Hub (ARGS=100000 for a small one)'
	@echo 'make fix     mend formatting and what lint can mend'
	@echo 'make lock    write requirements.lock again from pyproject.toml (ARGS=--upgrade takes the newest)'
	@echo 'make clean   remove what make built'

demo: .venv/ready compiled
	@echo 'In this checkout the command is $(BIN)/lineage.'
	@$(BIN)/lineage demo $(ARGS)

check: .venv/ready compiled
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n 2 $(ARGS)

faults: .venv/ready compiled
	LINEAGE_FAULT_SEEDS=$(SEEDS) $(BIN)/pytest tests/faults $(ARGS)

bench: .venv/ready compiled
	@$(BIN)/python bench/suite.py $(ARGS)

fix: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Our own modules in bytecode too: where Python may not write it, each command would compile them anew.
compiled: .venv/ready
	@$(BIN)/python -m compileall -q $(CODE)

lock: .uv/ready
	@$(UV) pip compile --quiet --universal --python-version 3.11 --group dev \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements.lock pyproject.toml $(ARGS)

.venv/ready: requirements.lock pyproject.toml | .uv/ready
	@echo 'Installing into .venv/ (the first time this downloads about 300 MB)'
	@test -x $(BIN)/python || $(UV) venv --quiet --clear --python .uv/bin/python .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.uv/ready:
	@for python in $(CANDIDATES); do \
	  "$$python" -c '$(SUITABLE)' >/dev/null 2>&1 && { found=$$python; break; }; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'lineage needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian: python3 and python3-venv); install one, or name one: make PYTHON=path' >&2; \
	  exit 1; \
	fi; \
	echo "Fetching uv into .uv/ with $$found"; \
	rm -rf .uv && "$$found" -m venv .uv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .uv/uv.lock
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .uv/uv.lock
	@touch $@

clean:
	@rm -rf .venv .uv .demo .artefacts .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist
	@find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +
