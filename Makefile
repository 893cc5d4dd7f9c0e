# Wan Studio. `make run` starts it, `make test` proves it; both need git, make and Python 3.11 or later with venv.

PYTHON ?= python3
VENV := .venv
CAREFUL := wanstudio/models/job*.py,wanstudio/pricing.py,wanstudio/provider/*,wanstudio/worker/*
BIN := $(VENV)/bin
# A process for each core; a file's tests stay together, because they share the studio they started.
SHARED_OUT := --numprocesses=logical --maxprocesses=4 --dist=loadfile

.DEFAULT_GOAL := help
.PHONY: help run work test check chaos bench load screenshots lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

# A lock is whole: it goes as it stands into an empty environment, and `pip check` says whether anything is missing.
# Resolving it again (without --no-deps) would fail on the day an index offers something newer than what is pinned.
define install
@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $(1)
@$(BIN)/python -m pip check --disable-pip-version-check
endef

# Stamps are gone before an installation begins and come back when it is whole. Without a stamp, or with an interpreter
# that has no pip, the environment is made from nothing; so it is when a lock in it has changed.
ifneq ($(shell $(BIN)/python -Ic 'import pip' 2>/dev/null && echo whole),whole)
.PHONY: $(VENV)/installed
endif

$(VENV)/installed: requirements.txt $(and $(wildcard $(VENV)/installed-dev),requirements-dev.txt)
	@$(PYTHON) -c 'import sys; sys.exit("Wan Studio needs Python 3.11 or later; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@rm -f $(VENV)/installed $(VENV)/installed-dev
	@echo "Installing what the studio needs…"
	@$(PYTHON) -m venv --clear $(VENV)
	$(call install,requirements.txt)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@rm -f $(VENV)/installed $(VENV)/installed-dev
	@echo "Installing what the tests need…"
	$(call install,requirements-dev.txt)
	@touch $(VENV)/installed $@

run: $(VENV)/installed ## set up and run the studio: web, worker and sandbox
	@$(BIN)/python manage.py prepare
	@exec $(BIN)/python manage.py run

work: $(VENV)/installed ## run one worker alone
	@exec $(BIN)/python manage.py work

check: $(VENV)/installed-dev ## lint, format, types, templates, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files -z -- 'templates/*.html' | xargs -0 $(BIN)/djade --check --target-version 5.2
	WANSTUDIO_ENV_FILE= $(BIN)/python manage.py makemigrations --check --dry-run
	WANSTUDIO_ENV_FILE= WANSTUDIO_URL=https://studio.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING

test: $(VENV)/installed-dev ## the whole suite, browser tests included
	@$(BIN)/python -m tests.needs
	$(BIN)/python -m pytest $(SHARED_OUT) --cov --cov-report=
	@echo "What touches the rows, once more on PostgreSQL:"
	WANSTUDIO_TEST_DATABASE=postgres $(BIN)/python -m pytest $(SHARED_OUT) tests/models tests/worker tests/views
	@echo "Branch coverage of what handles money and jobs (at least 90 %):"
	@$(BIN)/coverage report --fail-under=90 --skip-empty --include='$(CAREFUL)'

bench: $(VENV)/installed-dev ## figures against yardsticks of the same run, all runs shown
	@$(BIN)/python -m bench

chaos: $(VENV)/installed-dev ## kill worker, web and broker 1,300 times: is anything lost, or paid twice?
	@$(BIN)/python -m tests.needs
	@$(BIN)/python -m tests.chaos $(CHAOS)

load: $(VENV)/installed-dev ## the worker under load: kills, a thousand jobs, many writers; takes some minutes
	@LOAD=large $(BIN)/python -m pytest -q tests/load

screenshots: $(VENV)/installed-dev ## every page as it looks, into test-results/screenshots
	@$(BIN)/python -m tests.needs
	@$(BIN)/python -m tests.e2e.screenshots

lock: ## write requirements*.txt anew from pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --quiet --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --quiet --custom-compile-command "make lock" pyproject.toml --group dev --constraint requirements.txt -o requirements-dev.txt

clean: ## remove what the commands above made, but never data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage coverage.json test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
