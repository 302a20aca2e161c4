VENV ?= .venv
PYTHON ?= python3
ARGS ?=

.PHONY: help install run test lint bench mutate clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

install: $(VENV)/installed ## make .venv and install everything into it

run: install ## train, test and report: the default model on the default data, 5 minutes on 2 cores; ARGS='model=... data=...'
	$(VENV)/bin/python -m denoiser.run $(ARGS)

test: install ## run the tests, in up to four processes
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --maxprocesses 4 $(ARGS)

lint: install ## ruff and mypy
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

bench: install ## speed of training, evaluation and denoising, beside a plain loop and bare model calls
	$(VENV)/bin/python -m denoiser.bench $(ARGS)

$(VENV)/installed-mutation: $(VENV)/installed
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev,mutation]'
	@touch $@

mutate: $(VENV)/installed-mutation ## mutation testing: changes of MODULE=denoiser/metrics (a file, a folder, several) that no test notices
	OMP_NUM_THREADS=1 $(VENV)/bin/python tests/mutation/score.py $(MODULE)

clean: ## remove .venv and build output; runs are kept
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
