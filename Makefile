# On a fresh machine with Python 3.11 or later:
#   make nlp              sets everything up, data included, and runs the main job: a report under reports/
#   make vision, audio    the same for images and for speech
#   make run SUITE=FILE   the same with another suite; ARGS='--seed 1' goes to bench run
#   make test             sets everything up and runs the tests; ARGS='-k journal' goes to pytest
#   make check            format, lint, types, import direction
#   make validation       measures how far the numbers can be trusted, for a night: docs/validation/README.md
# Nothing is installed outside $(VENV) but the data, which go to $BENCH_DATA or the user's cache folder.

SUITE ?= suites/nlp.yaml
VENV ?= .venv
ifndef PYTHON
PYTHON := $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(p))))
endif
BIN := $(VENV)/bin
DISK_KB := 3000000

.PHONY: nlp vision audio run data test check validation clean

nlp vision audio: data
	$(BIN)/python -m bench run suites/$@.yaml

run: data
	$(BIN)/python -m bench run $(SUITE) $(ARGS)

data: $(VENV)/.installed
	$(BIN)/python -m bench data fetch
	$(BIN)/python -m bench capture --add results/reference/captures/*.safetensors

test: $(VENV)/.tools data
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

validation: $(VENV)/.tools
	$(BIN)/python docs/validation/measure.py all
	$(BIN)/python docs/validation/gates.py
	$(BIN)/python docs/validation/evaluate.py
	$(BIN)/python docs/validation/reader.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

NO_PYTHON = make: no Python of version 3.11 or later was found; install one, or: make PYTHON=/path/to/python3.12
NO_DISK = make: less than $(DISK_KB) kB are free here; free some, or: make VENV=/another/disk/venv
NO_PACKAGES = make: packages could not be installed, pip says why above; mend that (the network? the disk?) and repeat

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(NO_PYTHON)" >&2; exit 2; }
	@mkdir -p $(VENV)
	@test $$(df -Pk $(VENV) | awk 'NR == 2 {print $$4}') -ge $(DISK_KB) || { echo "$(NO_DISK)" >&2; exit 2; }
	@echo "Setting up $(VENV); this takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[all]' || { echo "$(NO_PACKAGES)" >&2; exit 2; }
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@$(BIN)/python -m pip install -qq -c constraints.txt pip || { echo "$(NO_PACKAGES)" >&2; exit 2; }
	@$(BIN)/python -m pip install -qq -c constraints.txt --group test --group check \
		|| { echo "$(NO_PACKAGES)" >&2; exit 2; }
	@touch $@
