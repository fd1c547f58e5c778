# Two commands do all the set-up:   make demo   and   make test
# Both make the environment .venv first (Python 3.11 or newer, no GPU needed).
#   make demo TRAIN_MINUTES=2     a shorter training
#   make test TESTS=tests/core    some of the tests

PYTHON ?= python3
VENV   ?= .venv
# The versions that CI runs; the pins of constraints.txt hold for every install below.
TORCH  ?= torch==2.13.0
BIN    := $(VENV)/bin
TESTS  ?= tests
PYTEST_FLAGS ?= -m "not slow and not gpu"

.PHONY: install demo test check format clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n '1,5s/^# //p' Makefile

$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "audio-reasoner needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Creating the environment failed. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[model,dev]'
	@touch $@

install: $(BIN)/.installed

demo: install
	@PATH="$(abspath $(BIN)):$$PATH" bash recipes/demo.sh

test: install
	$(BIN)/python -m pytest $(PYTEST_FLAGS) $(TESTS)

# Everything that CI asks besides the tests.
check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf runs/demo models/demo
