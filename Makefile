# make demo and make test do everything from nothing, in a virtual environment of their own.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Processes that share the test files, the long ones first (tests/conftest.py); 0: all in one.
PYTEST_JOBS ?= 2
SHARED := -n $(PYTEST_JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: demo test hostile fuzz kill lint format types verify sync bench mutation gpu messages clean

demo: $(READY)
	$(BIN)/grader demo demo

test: $(READY)
	$(BIN)/pytest $(SHARED)

# Every attack, as the user who runs this and, where that is root, once more as an ordinary user and in the sandbox "user".
hostile: $(READY)
	HOSTILE_EVERY=1 $(BIN)/pytest $(SHARED) tests/hostile --timeout=1800

# Minutes of new inputs; what make test tries of them takes seconds and is the same each time.
fuzz: $(READY)
	HYPOTHESIS_PROFILE=long $(BIN)/pytest --timeout=3600 $(wildcard tests/grader/test_fuzz_*.py tests/grader/test_*_fuzz.py)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)
	$(BIN)/mypy

verify: $(READY)
	$(BIN)/grader verify

sync: $(READY)
	$(BIN)/grader sync

bench: $(READY)
	$(BIN)/python benchmarks/batch.py

# Kill the grader's own processes 200 times; takes a quarter of an hour on two idle cores.
kill: $(READY)
	$(BIN)/python benchmarks/kill.py --times 200 --jobs 2

# Is there a mutant of a reference that keeps full marks?
mutation: $(READY)
	$(BIN)/python benchmarks/mutation.py

# On a machine with an NVIDIA GPU: what can only be tried there, its thresholds (written into tests/hidden/thresholds.toml, exercise by
# exercise), and how often its verdicts are wrong. The rest of the suite is the same there as anywhere: make test verify hostile.
gpu: $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[gpu]'
	$(BIN)/pytest tests/gpu
	-$(BIN)/grader calibrate --device cuda
	$(BIN)/python benchmarks/verdicts.py --device cuda --each 50 --hogs 0

# Korean: collect the messages of grader/ into the catalogue, then compile it.
messages: $(READY)
	$(BIN)/pybabel extract -F babel.cfg --project dot2vit --no-location --sort-output -k assert_close:3 -o grader/locale/grader.pot grader exercises/checks tests/hidden
	$(BIN)/pybabel update -D grader -d grader/locale -i grader/locale/grader.pot --no-fuzzy-matching --ignore-obsolete
	$(BIN)/pybabel compile -D grader -d grader/locale

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dot2vit needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[instructor,cluster,postgresql,test]'
	touch $(READY)

clean:
	rm -rf $(VENV) demo
