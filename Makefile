# Each target is complete in itself: it makes .venv, installs the package in it and builds what has changed.
PYTHON ?= python3
VENV := .venv
# As many tests at once as there are cores, four at most.
PYTEST_FLAGS ?= --numprocesses=auto --maxprocesses=4 --dist=worksteal
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_QUIET := 1

IN_VENV := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
BUILT := $(VENV)/.built
NATIVE := $(shell find native pynn_annarchy -name '*.h' -o -name '*.pyx' -o -path 'native/src/*.cpp')

.PHONY: demo test lint bench clean
.DELETE_ON_ERROR:

demo: $(BUILT)
	$(IN_VENV) examples/vogels_abbott.py annarchy COBA --plot vogels_abbott_COBA.png

test: lint
	@$(IN_VENV) -m pytest $(PYTEST_FLAGS)

lint: $(BUILT)
	@$(IN_VENV) -m ruff check --quiet .
	@$(IN_VENV) -m ruff format --check --quiet .
	@$(IN_VENV) -m mypy --no-error-summary

bench: $(BUILT)
	$(IN_VENV) benchmarks/run.py

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis $(INSTALLED) $(BUILT)
	find pynn_annarchy -name '*.so' -delete
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml setup.py
	@PYTHON=$(PYTHON) .ci/prerequisites
	@test -x $(IN_VENV) || $(PYTHON) -m venv $(VENV)
	$(IN_VENV) -m pip install --upgrade pip
	$(IN_VENV) -m pip install --editable '.[build,test,plot,lint]'
	@touch $@ $(BUILT)

# The editable install has just built everything: only sources that changed since then are worth another build.
$(BUILT): $(INSTALLED) $(NATIVE)
	@if ! test -e $@ || test -n "$$(find $(NATIVE) -newer $@)"; then \
	    $(IN_VENV) setup.py --quiet build_ext --inplace; fi
	@touch $@
