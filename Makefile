# Every verb makes its own virtual environment on a machine that has only Python and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test check format bench results pictures clean

help: ## what each verb does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## the virtual environment, with everything pinned

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[workshop]'
	touch $@

demo: install ## find a circuit in a small model
	$(BIN)/python examples/demo.py

test: install ## all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: install ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: install ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## seconds, memory and operations against Hugging Face
	$(BIN)/python -m benchmarks

results: install ## the tables and figures of docs/results again, in half an hour
	for page in eap_paper edge_pruning interpolation_descent weight_gradients acdc; do \
		$(BIN)/python -m reproductions.$$page || exit 1; \
	done

pictures: install ## the pictures of docs/how-it-works.md again
	$(BIN)/python -m site_making.pictures

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist
