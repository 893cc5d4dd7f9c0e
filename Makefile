# Wan Studio. `make run` starts it, `make test` proves it; both need git, make and Python 3.11 or later with venv.

PYTHON ?= python3
VENV := .venv
CAREFUL := wanstudio/jobs/*,wanstudio/money/*,wanstudio/provider/*,wanstudio/work/*
BIN := $(VENV)/bin
# One process more than there are cores: browser tests wait as much as they work. A file's tests stay together, because
# they share what they started, and files run in the order of tests/conftest.py: what takes long begins first.
PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
PYTEST = $(BIN)/python -m pytest --numprocesses=$(PROCESSES) --maxprocesses=6 --dist=loadfile --no-loadscope-reorder \
	--durations=20 --durations-min=0.5
# What reads and writes rows runs on both databases.
ROWS := $(wildcard $(addprefix tests/,activity accounts teams notifications keys uploads money jobs requests videos \
	review sharing usage studio work operations)) tests/web/test_list_plans.py

.DEFAULT_GOAL := help
.PHONY: help run work check quick test proof upgrades chaos bench load screenshots lighthouse lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

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
	@exec $(BIN)/python manage.py run --prepare

work: $(VENV)/installed ## run one worker alone
	@exec $(BIN)/python manage.py work

check: $(VENV)/installed-dev ## lint, format, types, templates, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files -z -- 'templates/*.html' | xargs -0 $(BIN)/djade --check --target-version 5.2
	WANSTUDIO_ENV_FILE= $(BIN)/python manage.py makemigrations --check --dry-run
	WANSTUDIO_ENV_FILE= WANSTUDIO_URL=https://studio.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING

quick: $(VENV)/installed-dev ## the tests of what has changed since the last commit, in a minute and a half
	@$(BIN)/python -m tests.quick

test: $(VENV)/installed-dev ## prove the product: all of it, in a browser too, on SQLite and PostgreSQL; ten minutes
	@$(BIN)/python -m tests.needs
	$(PYTEST) tests --ignore=tests/proof --cov --cov-report=
	@echo "What touches the rows, once more on PostgreSQL:"
	WANSTUDIO_TEST_DATABASE=postgres $(PYTEST) $(ROWS)
	@echo "Branch coverage of what handles money and jobs (at least 95 %):"
	@$(BIN)/coverage report --fail-under=95 --skip-empty --include='$(CAREFUL)'

proof: $(VENV)/installed-dev ## what takes long: kills, load, PostgreSQL with a broker, every page in both themes
	@$(BIN)/python -m tests.needs
	$(PYTEST) tests/proof
	@echo "What looks different on a phone, once more on one:"
	WANSTUDIO_TEST_WINDOW=phone $(PYTEST) tests/e2e

proof-install: $(VENV)/installed-dev ## the ways to install it alone: the image, a machine of its own; some of it needs root
	@INSTALL=whole $(BIN)/python -m tests.needs
	INSTALL=whole $(PYTEST) tests/proof/install

bench: $(VENV)/installed-dev ## figures against yardsticks of the same run, all runs shown
	@$(BIN)/python -m bench

upgrades: $(VENV)/installed-dev ## upgrade every older version at work, and roll it back, on SQLite and PostgreSQL
	@$(BIN)/python -m tests.needs
	@$(BIN)/python -m tests.proof.rollback.upgrades $(UPGRADES)

chaos: $(VENV)/installed-dev ## kill worker, web and broker 1,300 times: is anything lost, or paid twice?
	@$(BIN)/python -m tests.needs
	@$(BIN)/python -m tests.proof.chaos $(CHAOS)

load: $(VENV)/installed-dev ## under load: kills, a thousand jobs, many writers, large files through proxies; takes some minutes
	@LOAD=large $(BIN)/python -m pytest -q tests/proof/load tests/work/test_many_writers.py tests/proof/install/test_proxies.py

screenshots: $(VENV)/installed-dev ## every page as it looks, into test-results/screenshots
	@$(BIN)/python -m tests.needs
	@$(BIN)/python -m tests.e2e.screenshots

lighthouse: $(VENV)/installed-dev ## what Lighthouse says of the pages on a phone (needs Node and npm), median of five
	@$(BIN)/python -m tests.e2e.lighthouse

lock: ## write requirements*.txt anew from pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --quiet --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --quiet --custom-compile-command "make lock" pyproject.toml --group dev --constraint requirements.txt -o requirements-dev.txt

clean: ## remove what the commands above made, but never data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage coverage.json test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
