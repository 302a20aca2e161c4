VENV ?= .venv
PYTHON ?= python3
ARGS ?=

FLOORS ?= .venv-floors
# What users do, on the lowest versions: photographs, datasets, a training, reports.
FLOOR_TESTS ?= tests/photos tests/reports tests/data/images tests/training tests/test_run.py tests/test_report.py

.PHONY: help install install-floors run test test-floors lint bench mutate clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 26

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

install: $(VENV)/installed ## make .venv and install everything into it

run: install ## train, test and report: the default model on the default data, 5 minutes on 2 cores after the installation; ARGS='model=... data=...'
	$(VENV)/bin/python -m denoiser.run $(ARGS)

test: install ## run the tests, in up to four processes
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

$(FLOORS)/installed: pyproject.toml
	$(PYTHON) -m venv --clear $(FLOORS)
	$(FLOORS)/bin/pip install --quiet --disable-pip-version-check uv
	$(FLOORS)/bin/uv pip install --quiet --python $(FLOORS)/bin/python --resolution lowest-direct -e '.[dev]'
	@touch $@

install-floors: $(FLOORS)/installed ## make .venv-floors with the lowest versions that pyproject.toml allows

test-floors: install-floors ## run the main tests on the lowest versions; PYTHON=python3.12 for another Python
	OMP_NUM_THREADS=1 $(FLOORS)/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal -o filterwarnings=default $(FLOOR_TESTS)

lint: install ## ruff and mypy
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

bench: install ## speed of training, evaluation and denoising, beside a plain loop and bare model calls
	$(VENV)/bin/python -m denoiser.bench $(ARGS)

$(VENV)/installed-mutation: $(VENV)/installed
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev,mutation]'
	@touch $@

mutate: $(VENV)/installed-mutation ## mutation testing: changes of MODULE=denoiser/metrics (a file, a folder, several) that no test notices
	OMP_NUM_THREADS=1 $(VENV)/bin/python tests/mutation/score.py $(MODULE)

clean: ## remove the environments and build output; runs are kept
	rm -rf $(VENV) $(FLOORS) dist build .pytest_cache .mypy_cache .ruff_cache
