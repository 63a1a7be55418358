PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint types bench golden clean

run: $(READY)
	$(BIN)/demosim run scenarios/mars2026.toml

test: $(READY)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(READY)
	$(BIN)/python -m benchmarks.run_all

golden: $(READY)
	PYTHONPATH=tests $(BIN)/python tests/golden.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) results
