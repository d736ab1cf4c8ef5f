# One command for each thing. Only python3.13, make, git and a C compiler are assumed; `make setup` brings the rest into .venv.

PYTHON ?= python3.13
STAMP := .venv/.installed

# Deployment. PARAMETERS takes further template parameters, such as PublicUrl=https://gate.example.com LogLevel=DEBUG;
# credentials and region are the AWS tools' own (AWS_PROFILE, AWS_REGION, ...).
STACK ?= approval-gate
ARCHITECTURE ?= arm64
PARAMETERS ?=

# `make token TENANT=acme SCOPES="approvals:write approvals:read"`
SCOPES ?= apps:admin tokens:admin
PRINCIPAL ?= operator

WITHOUT_VENV := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help setup demo up down status check format test build bench deploy token openapi lock clean

help:  ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make .venv from the locked requirements (a minute or two, once)

$(STAMP): export PATH := $(WITHOUT_VENV)
$(STAMP): requirements/dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH: install Python 3.13, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' \
		|| { echo "$(PYTHON) is not Python 3.13, which the functions run on" >&2; exit 1; }
	@echo "setup 1/2: making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@echo "setup 2/2: installing $$(grep -c '==' requirements/dev.txt) locked packages (a minute or two)"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/dev.txt
	@touch $@
	@echo "setup: done"

demo: setup  ## take approvals through every simulated platform and show what happened
	@python -m local.demo

up: setup  ## start the whole gate on this machine; prints addresses and tokens, also in .local/stack.json
	@python -m local.stack up

down: setup  ## stop what `make up` started
	@python -m local.stack down

status: setup  ## tell what runs
	@python -m local.stack status

check: setup  ## format, lint, types, arrows, template, state machine
	ruff format --check .
	ruff check .
	mypy
	PYTHONPATH=.:layers/shared/python lint-imports
	sam validate --lint --region us-east-1
	python -m local.definition

format: setup  ## format the code and mend what can be mended
	ruff format .
	ruff check --fix .

test: setup  ## run all tests
	@python -m pytest --numprocesses auto --dist loadgroup

build: setup  ## build the template for ARCHITECTURE (default arm64)
	@ARCHITECTURE=$(ARCHITECTURE) python -m local.engine.build

bench: setup  ## measure
	@python -m bench

deploy: build  ## deploy to AWS as STACK (default approval-gate)
	sam deploy --stack-name $(STACK) --parameter-overrides Architecture=$(ARCHITECTURE) $(PARAMETERS)
	@echo 'Now write the first API token: make token TENANT=acme'

token: setup  ## write an API token for TENANT with SCOPES into the deployed STACK and print it
	@test -n "$(TENANT)" || { echo 'whose token? make token TENANT=acme' >&2; exit 64; }
	@python -m cli.bootstrap --stack "$(STACK)" --tenant "$(TENANT)" --scopes "$(SCOPES)" --principal "$(PRINCIPAL)"

openapi: setup  ## write docs/openapi.json from the code
	@PYTHONPATH=.:layers/shared/python python -m local.openapi

lock: setup  ## compile the locked requirements anew
	cd requirements && CUSTOM_COMPILE_COMMAND="make lock" pip-compile --quiet --upgrade --generate-hashes --allow-unsafe \
		--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file dev.txt dev.in
	cd layers/dependencies && CUSTOM_COMPILE_COMMAND="make lock" pip-compile --quiet --upgrade --generate-hashes \
		--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --constraint ../../requirements/dev.txt \
		--output-file requirements.txt requirements.in

clean:  ## stop the stack and remove everything that was made here, .venv too
	@if [ -e $(STAMP) ]; then python -m local.stack down; fi
	rm -rf .venv .aws-sam .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
