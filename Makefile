PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
KERNEL_TESTS := tests/test_kernels.py tests/test_kernels_need.py tests/test_adjoint.py tests/test_moves.py
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal
PINNED := pyproject.toml constraints.txt

.PHONY: run test coverage audit docs picture linkcheck dist bench golden clean

run: $(VENV)/.installed
	$(BIN)/demosim run scenarios/mars2026.toml

test: $(VENV)/.installed-dev
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/mypy
	$(PYTEST)

# Lines that tests reach, kernels as plain Python so that theirs count; slower than the tests themselves.
coverage: $(VENV)/.installed-dev
	NUMBA_DISABLE_JIT=1 $(PYTEST) -q $(KERNEL_TESTS) --cov=demosim --cov-report= --cov-fail-under=0
	$(PYTEST) -q --cov=demosim --cov-append --cov-report=term-missing:skip-covered

audit:
	.ci/audit

docs: $(VENV)/.installed-dev
	$(BIN)/python -m sphinx -W -n --keep-going -E -b html docs site

linkcheck: $(VENV)/.installed-dev
	$(BIN)/python -m sphinx -b linkcheck docs site/links

picture: $(VENV)/.installed-dev
	$(BIN)/demosim --quiet run scenarios/mars2026.toml
	$(BIN)/demosim --lang en plot results/mars2026.nc --figure yearly --output docs/figures/mars2026.svg

dist: $(VENV)/.installed-dev
	$(BIN)/python -m build --no-isolation

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.run_all

golden: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python tests/golden.py

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.created $(PINNED)
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) results site dist
