# `make demo` shows what archspec does, `make test` runs all checks that a change must pass.
# Both set up .venv by themselves, and again only where pyproject.toml or constraints.txt changed.

PYTHON ?= python3
VENV   ?= .venv
# Processes that the tests run in.
JOBS ?= 2

BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

define RUN
import torch
from densenet import DenseNet121

model = DenseNet121().eval()
with torch.no_grad():
    logits = model(torch.rand(4, 3, 224, 224))
print("four images of 224 x 224 give logits of shape", tuple(logits.shape))
endef
export RUN

.PHONY: help demo test lint test-exhaustive gallery zoo deploy-check clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo             build DenseNet-121 from its spec, run it, print its summary'
	@echo 'make test             ruff, mypy and the tests'
	@echo 'make test-exhaustive  the tests that take too long for every change'
	@echo 'make zoo              compare all of specs/ with the published models, write docs/zoo.md'
	@echo 'make gallery          draw the figures of docs/gallery again'
	@echo 'make deploy-check     compile, export and save the models of specs/, write docs/deployment.md'
	@echo 'make clean            remove what these made'

demo: $(VENV)/.installed
	@mkdir -p build
	$(BIN)/archspec check specs/densenet.arch
	$(BIN)/archspec build specs/densenet.arch -o build/densenet.py
	$(BIN)/archspec summary specs/densenet.arch -m DenseNet121 --input H=224,W=224
	@echo
	@echo "$$RUN"
	@cd build && '$(abspath $(BIN))/python' -c "$$RUN"

test: lint
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test-exhaustive: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n $(JOBS) -m exhaustive -o faulthandler_timeout=3600

gallery: $(VENV)/.installed-test
	$(BIN)/python -m tests.diagram.gallery

zoo: $(VENV)/.installed-test
	$(BIN)/python -m tests.parity.page --jobs $(JOBS)

deploy-check: $(VENV)/.installed-test
	$(BIN)/python -m tests.deploy.page --jobs $(JOBS)

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis .pytest_cache
	find archspec tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'archspec needs Python 3.11 or later: apt install python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "archspec needs Python 3.11 or later, this is $$($(PYTHON) --version);" >&2; \
	  echo 'name another one: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'this Python cannot make virtual environments: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt $(VENV)/.made
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) --editable '.[test]'
	@touch $@
