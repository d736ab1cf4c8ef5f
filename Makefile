# One command for each thing. Only python3.13, make, git and a C compiler are assumed; `make setup` brings the rest into .venv.

PYTHON ?= python3.13
STAMP := .venv/.installed

# Deployment. PARAMETERS takes further template parameters, such as PublicUrl=https://gate.example.com LogLevel=DEBUG;
# credentials and region are the AWS tools' own (AWS_PROFILE, AWS_REGION, ...).
STACK ?= approval-gate
ARCHITECTURE ?= arm64
PARAMETERS ?=

# `make token TENANT=acme SCOPES="approvals:write approvals:read"`; without SCOPES, all of them: the first token
SCOPES ?= approvals:write approvals:read notifications:write apps:admin tokens:admin tenants:admin
PRINCIPAL ?= operator

# `make chaos N=200`
N ?= 200

# `make dead-letters LOCAL=.local`: the folder of a local stack that is up, instead of AWS
LOCAL ?=

WITHOUT_VENV := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help setup demo up down status check format test simulate chaos build bench deploy token dead-letters replay undelivered redeliver openapi cli-docs lock clean

help:  ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

setup: $(STAMP) .venv/bin/approval-gate  ## make .venv from the locked requirements (a minute or two, once)

.venv/bin/approval-gate: | $(STAMP)
	@ln -sfn ../../bin/approval-gate $@

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

chaos: setup  ## take N approvals (default 200) through kills, crashes and lost callbacks on a stack of its own
	@CHAOS=$(N) python -m pytest -s tests/stack/test_chaos.py

simulate: N := 2000
simulate: setup  ## run N simulated schedules from SEED on every core, e.g. N=100000 SEED=1
	@python -m tests.simulation -n $(N) $(if $(SEED),--first $(SEED))

build: setup  ## build the template for ARCHITECTURE (default arm64)
	@ARCHITECTURE=$(ARCHITECTURE) python -m local.engine.build

bench: setup  ## measure
	@PYTHONPATH=.:layers/shared/python python -m bench

deploy: build  ## deploy to AWS as STACK (default approval-gate)
	sam deploy --stack-name $(STACK) --parameter-overrides Architecture=$(ARCHITECTURE) $(PARAMETERS)
	@echo 'Now write the first API token: make token TENANT=acme'

token: setup  ## write an API token for TENANT with SCOPES into the deployed STACK and print it
	@test -n "$(TENANT)" || { echo 'whose token? make token TENANT=acme' >&2; exit 64; }
	@python -m cli.bootstrap --stack "$(STACK)" --tenant "$(TENANT)" --scopes "$(SCOPES)" --principal "$(PRINCIPAL)"

dead-letters: setup  ## list what the table's stream gave up: what, why, which approval (LOCAL=.local for the local stack)
	@python -m cli.dead_letters list --stack "$(STACK)" $(if $(LOCAL),--local "$(LOCAL)")

replay: setup  ## apply it again, once its cause is mended; safe to run twice (LOCAL=.local for the local stack)
	@python -m cli.dead_letters replay --stack "$(STACK)" $(if $(LOCAL),--local "$(LOCAL)")

undelivered: setup  ## list the deliveries of TENANT that failed, and why (LOCAL=.local for the local stack)
	@test -n "$(TENANT)" || { echo 'whose deliveries? make undelivered TENANT=acme' >&2; exit 64; }
	@PYTHONPATH=.:layers/shared/python python -m cli.outbox list --stack "$(STACK)" --tenant "$(TENANT)" $(if $(LOCAL),--local "$(LOCAL)")

redeliver: setup  ## send what failed once more, once its cause is mended; safe to run twice (LOCAL=.local for the local stack)
	@PYTHONPATH=.:layers/shared/python python -m cli.outbox redrive --stack "$(STACK)" $(if $(LOCAL),--local "$(LOCAL)")

openapi: setup  ## write docs/openapi.json from the code
	@PYTHONPATH=.:layers/shared/python python -m local.openapi

cli-docs: setup  ## write docs/cli.md from the command's own help
	@python -m cli.reference > docs/cli.md

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
