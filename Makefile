# Every verb makes what it needs on a machine that has Python, pip, Node and npm; what a person would use needs the
# first two alone. The browser that pages are tested in is installed by apt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install browser viewer viewer-tools demo test test-all check format bench bench-gpu results pictures screenshots site site-serve clean

help: ## what each verb does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## the virtual environment, with everything pinned

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[workshop]'
	touch $@

browser: ## Chromium, in which pages are tested; Debian's, where there is none
	@command -v chromium >/dev/null || { \
		command -v apt-get >/dev/null || { echo "Chromium was needed as 'chromium'. Install it."; exit 1; }; \
		SUDO=$$([ $$(id -u) = 0 ] || echo sudo); \
		$$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq --no-install-recommends chromium; \
	}

viewer-tools: viewer/node_modules ## what the viewer is built and tested with, from npm

viewer/node_modules: viewer/package-lock.json
	@command -v npm >/dev/null || { echo "npm was needed, and Node 20 or newer. Install them."; exit 1; }
	cd viewer && npm ci --no-audit --no-fund --loglevel=error
	touch $@

viewer: viewer/node_modules ## the page and the widget anew, from the sources in viewer/
	cd viewer && npm run --silent check && npm run --silent build

demo: install ## find a circuit in a small model
	$(BIN)/python examples/demo.py

test: install browser viewer-tools ## all tests but the longest
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-all: install browser viewer-tools ## the longest, too
	$(BIN)/python -m pytest -n 2 --dist worksteal -m ""

check: install ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: install ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## seconds, memory and operations against Hugging Face
	$(BIN)/python -m benchmarks

bench-gpu: install ## the same at the shapes of real models on a GPU; writes docs/results/gpu.md
	$(BIN)/python -m benchmarks.gpu

results: install ## the tables and figures of docs/results again, in half an hour
	for page in eap_paper edge_pruning interpolation_descent weight_gradients acdc; do \
		$(BIN)/python -m reproductions.$$page || exit 1; \
	done

pictures: install ## the pictures of docs/how-it-works.md again
	$(BIN)/python -m site_making.pictures

screenshots: install browser ## the pictures of docs/reading-a-report.md again
	$(BIN)/python -m site_making.screenshots

# The theme's makers advertise what comes after it on every build, unless told not to.
site: install ## the documentation as a site, in site/; a broken link fails it (the tests build it, too)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

site-serve: install ## the same on this machine, at port 8000, made again as its pages change
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

clean: ## remove the virtual environment, caches and the site
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist site
