# One command each. `make setup` is part of all others and does nothing when nothing changed.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_LINK_MODE ?= copy
# Where wheels lie on this machine, torch is among them; elsewhere uv picks the build for the processor or GPU.
TORCH ?= torch==2.13.0 $(if $(UV_FIND_LINKS),,--torch-backend=auto)

.PHONY: setup demo test lint types imports bench lock clean

setup: $(STAMP)

# uv where it can be had (seconds), pip where it cannot. The lock is whole but for torch, which hashes cannot pin.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here: make PYTHON=/path/to/python3 (3.11 or newer)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	if test -x $(BIN)/uv; then \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(TORCH) && \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet $(firstword $(TORCH)) && \
	  $(BIN)/python -m pip install --quiet --no-deps -e . ; \
	fi
	touch $@

demo: setup
	$(BIN)/sordino audit organism:mute-a --out report-mute-a.html
	$(BIN)/sordino audit organism:mute-d --out report-mute-d.html
	@echo
	@echo "Two models, each muted about another state of an invented world. Their reports:"
	@echo "  $(CURDIR)/report-mute-a.html"
	@echo "  $(CURDIR)/report-mute-d.html"

test: setup
	$(BIN)/pytest -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# All but the comparison with Heretic, which installs it, and takes most of an hour.
bench: setup
	@for file in $(filter-out benchmarks/remedy_vs_heretic.py,$(wildcard benchmarks/[a-z]*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

# Hashed, without addresses; torch is installed apart, because its build depends on the machine.
lock:
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --frozen --all-extras --no-emit-project --prune torch --no-annotate --no-header -o requirements.lock
	rm -f uv.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
