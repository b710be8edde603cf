# Limpet: `make demo` shows it, `make test` proves it. Both set up what they need.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first interpreter that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check size bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv, install what is locked, prepare the MicroPython VM

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { printf '%s\n' \
		'error: no Python to work with' \
		'cause: none of python3, python3.11 ... on PATH is 3.11 or newer' \
		'hint:  install Python 3.11+, or name it: make demo PYTHON=/path/to/python3' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { printf '%s\n' \
		'error: no virtual environment could be made' \
		'cause: this Python lacks the venv module or ensurepip' \
		'hint:  on Debian or Ubuntu: apt-get install python3-venv' >&2; rm -rf $(VENV); exit 1; }
	@echo 'installing the locked packages ...'
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[proxy,flash,dev]'
	@# Its own dependencies are for other hosts; the VM has what it needs.
	@$(BIN)/pip install --quiet --no-deps --constraint constraints.txt adafruit-circuitpython-asyncio
	@$(BIN)/python -c "from host.emulator.vm_module import main; main()"
	@touch $@

demo: setup ## Run the main job offline: a board, sentences, pins, rules, costs
	@$(BIN)/limpet demo

test: setup ## Run every test that this machine has the parts for, and name the rest
	@# Real brokers, databases and serial lines may be starved by their neighbours: alone, once more.
	@$(BIN)/pytest -n auto --dist loadfile || { \
		echo 'note: what failed is run once more, by itself'; \
		$(BIN)/pytest --last-failed --last-failed-no-failures none; }

check: setup ## Lint, format check, types, size budget
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/python benchmarks/size.py --check

size: setup ## Print bytecode per file and free heap against the budget
	@$(BIN)/python benchmarks/size.py

bench: setup ## Run the benchmarks; results go to benchmarks/results
	@for script in $$(ls benchmarks/*.py | grep -v results.py); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: setup ## Write the generated pages of docs/; PICTURES=1 draws the pictures anew
	@$(BIN)/python docs/generate.py
	@test -z "$(PICTURES)" || $(BIN)/python docs/pictures.py

clean: ## Remove the virtual environment and what tools left behind
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .hypothesis build dist
