# The two commands a newcomer needs are `make run` and `make test`; each sets up .venv by itself.
.DELETE_ON_ERROR:
.PHONY: run test check fmt lock bench-decide bench-difficulty bench-simulate bench torture clean

PY := .venv/bin/python
BIN := .venv/bin
PIP := $(PY) -m pip install -qq --disable-pip-version-check --no-input

run: .venv/.ready
	@$(BIN)/routedsl demo rules/

test: .venv/.ready
	@$(BIN)/pytest

check: .venv/.ready
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(PY) scripts/policies.py
	@$(PY) scripts/sizes.py

fmt: .venv/.ready
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/routedsl fmt rules examples

# The decision against the same rule written by hand in Python.
bench-decide: .venv/.ready
	@$(PY) bench/decide.py

# A trained difficulty on labelled requests of your own: make bench-difficulty DATA=labelled.jsonl
bench-difficulty: .venv/.ready
	@$(PY) bench/difficulty.py $(DATA)

# Strategies on one fast server and three slow ones, in virtual time.
bench-simulate: .venv/.ready
	@$(PY) bench/simulate.py

bench: .venv/.ready
	@$(PY) bench/all.py

# Hours rather than seconds: what CI tries a little, tried hard. GOALS="chains inbound" tries some.
torture: .venv/.ready
	@$(PY) scripts/torture.py $(GOALS)

# Pins that still fit are kept; delete requirements/*.txt first to take the newest of everything.
lock:
	@scripts/lock

clean:
	@rm -rf .venv build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A changed lock makes the environment anew, so that nothing of the old one lingers;
# a changed pyproject.toml only installs the project again.
# The lock is whole, so pip has nothing to resolve: old ones look for `coverage[toml]` past the pin of `coverage`.
.venv/.locked: requirements/dev.txt
	@python=$$(scripts/find-python) && echo "setting up .venv with $$python, once ..." >&2 && $$python -m venv --clear .venv
	@$(PIP) --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@
