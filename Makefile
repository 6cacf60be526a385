# One command each, on a fresh Debian or Raspberry Pi OS: `make help` lists them.
# Every step runs only when it is needed; nothing outside this folder is written but Debian's
# packages that are missing (named before they are installed).

SHELL := /bin/sh
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
# Debian keeps the daemons out of a user's PATH.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

# Most of the tests' time is spent waiting for water, wire and leases: more workers than cores.
AT_ONCE := -n $(or $(JOBS),4) --dist worksteal

READY := $(VENV)/.ready
BROKER := $(VENV)/.broker
TOOLS := $(VENV)/.tools
PACKAGER := $(VENV)/.packager
FUZZER := $(VENV)/fuzz

.DEFAULT_GOAL := help
.PHONY: help demo test lint audit bench coverage mutants soak fuzz pictures sbom deb deb-test lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: $(READY) $(BROKER) ## the whole station on a simulated pump house, in about a minute
	@$(BIN)/wellkeeper demo $(DEMO)

test: $(READY) $(TOOLS) lint ## everything that must hold before a commit lands
	$(BIN)/pytest $(AT_ONCE) $(PYTEST)

lint: $(READY) ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@sh .ci/audit $(BIN)

audit: $(READY) ## is a weakness known in a package of the lock? 1 if so; `make lint` only tells it
	@sh .ci/audit $(BIN) --strict

bench: $(READY) $(TOOLS) ## one table: what was measured beside its budget
	$(BIN)/python tests/bench/table.py $(BENCH)

coverage: $(READY) ## every branch of agent/core is run by a test of tests/core
	$(BIN)/pytest $(AT_ONCE) tests/core --cov --cov-branch --cov-report=term-missing:skip-covered \
		--cov-fail-under=100 $(PYTEST)

mutants: $(READY) ## the tests of agent/core against its mutants (MUTANTS=600 by lot; 0 is all)
	nice $(BIN)/python -m tests.mutation.run --sample $(or $(MUTANTS),0) --seed $(or $(SEED),1)

soak: $(READY) $(TOOLS) ## the trials again, many times over (SOAK=20); the core's own: coverage, mutants
	$(BIN)/pytest $(AT_ONCE) --soak $(or $(SOAK),20) -m soak $(PYTEST)

fuzz: $(READY) $(FUZZER) ## every parser under atheris, led by coverage (FUZZ="--seconds 600 desk")
	$(FUZZER)/bin/python -m tests.fuzz.guided $(FUZZ)

sbom: $(READY) ## the bill of materials as CycloneDX, dist/wellkeeper.cdx.json
	@$(BIN)/python packaging/sbom.py dist/wellkeeper.cdx.json

ARCH ?= $(shell dpkg --print-architecture)
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

deb: $(READY) $(PACKAGER) ## the Debian package, dist/wellkeeper_VERSION_ARCH.deb (ARCH=arm64 or amd64; RELEASE_KEY=x.pem signs it)
	@sh packaging/build-deb $(ARCH) $(VERSION) dist

deb-test: $(READY) $(PACKAGER) ## install, upgrade, roll back and remove it on fresh Debians (as root)
	@sh .ci/debian-packages debootstrap systemd-container
	@sh packaging/trial-debs build/trial
	$(BIN)/python -m tests.deb.trial build/trial build $(or $(SUITES),bookworm trixie)

# Kept in the repository: what is installed is what was tested, wheel by wheel.
lock: $(READY) ## resolve the dependencies of pyproject.toml anew, with hashes
	@[ -x $(BIN)/uv ] || $(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK) pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile $(LOCK) --group dev pyproject.toml -o requirements/dev.lock
	echo "lgpio>=0.2.2" | $(BIN)/uv pip compile $(LOCK) - -o requirements/lgpio.lock
	echo "atheris>=3.0,<3.1" | $(BIN)/uv pip compile $(LOCK) - -o requirements/fuzz.lock
	echo "pip-audit>=2.9" | $(BIN)/uv pip compile $(LOCK) - -o requirements/audit.lock

LOCK := --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

pictures: $(READY) ## the report and the console as people see them: docs/report, docs/terminal
	@sh .ci/debian-packages chromium fonts-noto-cjk poppler-utils
	$(BIN)/python -m docs.report.make
	@sh .ci/debian-packages xterm xvfb xdotool imagemagick picocom socat fonts-dejavu-core
	$(BIN)/python -m docs.terminal.pictures

clean: ## remove the virtual environment and everything that was made
	rm -rf $(VENV) .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .coverage .mutants.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the targets need -----------------------------------------------------------------------

# The oldest admitted Python is 3.11 (Debian 12). PYTHON=... chooses another one.
$(BIN)/python:
	@set -e; for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "No Python 3.11 or newer was found (python3 is $$(python3 --version 2>&1))." >&2; \
		echo "Debian 12, Raspberry Pi OS 12 and newer have one: apt install python3 python3-venv," >&2; \
		echo "or name yours: make PYTHON=/path/to/python3.13" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		sh .ci/debian-packages python3-venv; \
	fi; \
	"$$found" -m venv $(VENV)

$(READY): requirements/dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The demo needs a broker; the tests also need a pty pair, two Modbus masters and lgpio.
$(BROKER): .ci/debian-packages | $(BIN)/python
	@sh .ci/debian-packages mosquitto
	@touch $@

$(TOOLS): .ci/debian-packages .ci/lgpio $(READY)
	@sh .ci/debian-packages mosquitto socat mbpoll libmodbus5 strace openssl systemd
	@sh .ci/lgpio $(BIN)
	@touch $@

# lgpio's module for Python 3.13 is compiled, for both architectures.
$(PACKAGER): .ci/debian-packages $(READY)
	@sh .ci/debian-packages gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross dpkg-dev
	@touch $@

# Atheris is built for few Pythons: in an environment of its own, it hinders no test.
$(FUZZER): requirements/fuzz.lock requirements/runtime.lock | $(BIN)/python
	rm -rf $@
	$(BIN)/python -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/runtime.lock -r requirements/fuzz.lock || { rm -rf $@; exit 1; }
