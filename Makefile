# The habits of the project: `make help` lists them. Works with GNU make 3.81 (macOS) and later.

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

# A folder made by `explainer provision --pack` stands in for the network.
# (The shell looks for it, as make's own wildcard would take a name with a space for two.)
PIP_SOURCE := $(if $(EXPLAINER_MIRROR),$(if $(shell test -d "$(EXPLAINER_MIRROR)/wheels" && echo yes),--no-index --find-links "$(EXPLAINER_MIRROR)/wheels"))
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check $(PIP_SOURCE) -c constraints.txt

# `make app TORCH=cpu` takes torch's wheels without CUDA from PyTorch's own index, gigabytes less.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_FIRST := $(if $(filter cpu,$(TORCH)),$(if $(PIP_SOURCE),,$(VENV)/torch-cpu))

# Whether apt-get may install WordNet: only with `make APT=1`, as root.
PROVISION := $(BIN)/explainer provision $(if $(APT),--apt)

# Weights that lie beside a checkout let the tests run without the internet.
TEST_MIRROR := $(if $(EXPLAINER_MIRROR),$(EXPLAINER_MIRROR),$(abspath $(wildcard ../shared/weights)))

# Several processes share the tests, so each library gets one thread: here, and in the servers that tests start. On two
# cores a third uses what the others leave while they wait for a browser.
PROCESSES ?= 3
PYTEST := OMP_NUM_THREADS=1 OPENCV_FOR_THREADS_NUM=1 EXPLAINER_MIRROR="$(TEST_MIRROR)" $(BIN)/python -m pytest

.PHONY: help app workshop cluster cluster-test test quick watch lint bench setup lock clean

help:
	@echo "make app     set up what is needed and start the app at http://localhost:$(PORT), for this computer alone"
	@echo "make workshop  the same, for every phone and computer in its networks, with the presenter's key"
	@echo "             TORCH=cpu: packages without CUDA, gigabytes less; APT=1: WordNet by apt-get where need be"
	@echo "make cluster  several processes of the app, one service, one database, behind one proxy: see deploy/README.md"
	@echo "make cluster-test  the tests of these"
	@echo "make test    set up and run every check: style, types, import order, tests"
	@echo "make quick   style, types, import order, and the tests that need no browser and less than a second: two minutes"
	@echo "make watch   the long checks: a server watched for minutes, hundreds of explanations"
	@echo "make lint    style, types and import order only"
	@echo "make bench   measure what is meant to be fast"
	@echo "make setup   install into .venv, fetch WordNet and the face detector"
	@echo "make lock    write constraints.txt anew, from the newest versions"
	@echo "make clean   remove caches (not .venv, not downloaded weights)"

# As `streamlit run streamlit_app.py`, by asyncio also where `make cluster` has installed another event loop.
SERVE := $(BIN)/python deploy/run_streamlit.py

app: setup
	exec $(SERVE) --server.port $(PORT) --server.address localhost

# The key is known before the server starts; one that is set already is not printed.
workshop: setup
	@if [ -z "$$EXPLAINER_PRESENTER_KEY" ]; then \
	EXPLAINER_PRESENTER_KEY="$$($(BIN)/explainer key)" || exit; export EXPLAINER_PRESENTER_KEY; \
	echo "The presenter's key for workshops: $$EXPLAINER_PRESENTER_KEY"; fi; \
	exec $(SERVE) --server.port $(PORT) --server.address 0.0.0.0

cluster: $(VENV)/installed-cluster
	@$(PROVISION) || true
	BIND="$${BIND:-127.0.0.1:$(PORT)}" exec $(BIN)/python deploy/cluster.py

cluster-test: $(VENV)/installed-cluster $(VENV)/installed-test
	$(PYTEST) -m "" tests/serving tests/deploy tests/workshop/test_postgres.py tests/workshop/test_replicas.py \
		tests/browser/test_cluster.py

setup: $(VENV)/installed-app
	@$(PROVISION) || true

test: lint
	@EXPLAINER_MIRROR="$(TEST_MIRROR)" $(PROVISION) || true
	$(PYTEST) -n $(PROCESSES)

quick: lint
	$(PYTEST) -n $(PROCESSES) -m "not browser and not slow and not watch"

watch: $(VENV)/installed-test
	$(PYTEST) -m watch

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-test
	$(BIN)/python -m benchmarks

# pip runs only when what it would install may have changed. Where it fails (no network, say) but ran before,
# the app goes on with what is there; the next call tries again.
$(VENV)/installed-app: pyproject.toml constraints.txt | $(BIN)/pip $(TORCH_FIRST)
	@echo "Installing the packages (the first time takes some minutes and 7 GB) ..."
	@if $(PIP_INSTALL) -e .; then touch $@; \
	elif [ -x $(BIN)/explainer ] && [ -x $(BIN)/streamlit ]; then echo "pip failed: going on with what is installed."; \
	else echo "pip failed. Without a network, see docs/offline.md."; exit 1; fi

$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/pip $(TORCH_FIRST)
	@echo "Installing the packages (the first time takes some minutes and 7 GB) ..."
	@if $(PIP_INSTALL) -e '.[test]'; then touch $(VENV)/installed-app $@; \
	elif [ -x $(BIN)/explainer ] && [ -x $(BIN)/pytest ]; then echo "pip failed: going on with what is installed."; \
	else echo "pip failed. Without a network, see docs/offline.md."; exit 1; fi

$(VENV)/installed-cluster: pyproject.toml constraints.txt | $(BIN)/pip $(TORCH_FIRST)
	$(PIP_INSTALL) -e '.[cluster]'
	touch $@

# pip then finds torch installed, and leaves it. Where the index cannot be reached, it installs the usual wheels.
$(VENV)/torch-cpu: | $(BIN)/pip
	@if $(PIP_INSTALL) --index-url "$(TORCH_INDEX)" --no-deps --retries 1 --timeout 20 torch torchvision; then touch $@; \
	else echo "$(TORCH_INDEX) does not have these wheels, or cannot be reached: the usual ones are installed."; fi

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 or later is needed. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Versions without the mark of a local build, and no line that names a place on this computer.
lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet -e '.[test,cluster]'
	{ sed -n '/^#/p' constraints.txt; \
	  build/lock/bin/python -m pip freeze --exclude-editable | sed -e 's/+[A-Za-z0-9.]*$$//' \
	  | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$'; } > build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/lock

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis
	rm -rf *.egg-info tests/screenshots
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
