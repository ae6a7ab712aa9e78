# One entrance for people and for CI. ENGINE=docker|native picks what runs the platform; left out, Docker Compose
# when an engine answers and native processes otherwise.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check advisories sbom fuzz openapi sdk dead replay republish audit erase-again ledger faults check-production bench up secrets down status logs lock clean
MAKEFLAGS += --no-print-directory
# Each test run and each platform starts dozens of Python processes: what they compile is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
ENGINE ?=
NAME ?=
FULL ?=
IMAGES ?=
SEED ?=
ONLY ?=
MINUTES ?=
QUICK ?=
EVENT ?=
HEAD ?=
TYPE ?=
SINCE ?=
JSON ?=
VENV := .venv
RUN := $(VENV)/bin/python
CHECKS := var/checks
# Nobody is asked whether a find is live. By name alone every test's password would be one; the OpenAPI documents are
# made of texts that are looked at where they stand.
SECRETS := --no-verify --disable-plugin KeywordDetector --exclude-files 'gateway/(contract/released|static/openapi)\.json$$'
OPS := $(RUN) -m ops
SERVICES := identity catalog billing certificates notifications live

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make the virtual environment and install what requirements.lock names
	@sh ops/setup.sh $(PYTHON) $(VENV)

demo: ## Start everything and walk a learner from sign-up to the certificate; leaves it running
	@sh ops/setup.sh $(PYTHON) $(VENV) "$(ENGINE)" --servers
	@$(OPS) demo --engine "$(ENGINE)"

test: ## Run all tests on a real Postgres and RabbitMQ (TEST_SERVERS=docker|native)
	@sh ops/setup.sh $(PYTHON) $(VENV) native --servers
	@# Each worker gets neighbouring tests, which share what they stand on, and in the end takes some of a slower one's.
	@$(RUN) -m pytest -n auto --dist worksteal $(ARGS)

check: setup ## Check format, lint, types, import rules, architecture, the API contract, known weaknesses, secrets
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(RUN) -m pytest -q tests/architecture
	$(OPS) openapi --check
	@LOCK=ops/checks/requirements.lock sh ops/setup.sh $(PYTHON) $(CHECKS)
	$(CHECKS)/bin/bandit --quiet --configfile pyproject.toml --recursive shared services ops gateway
	git ls-files -z | xargs -0 $(CHECKS)/bin/detect-secrets-hook $(SECRETS)
	@$(MAKE) sbom
	@$(MAKE) advisories

advisories: ## Ask the advisory database about every locked package
	@LOCK=ops/checks/requirements.lock sh ops/setup.sh $(PYTHON) $(CHECKS)
	@$(RUN) -m ops.checks.advisories $(CHECKS)/bin/pip-audit

sbom: setup ## Write what each service's image installs, as CycloneDX, to var/sbom (IMAGES=1: look into them, too)
	@LOCK=ops/checks/requirements.lock sh ops/setup.sh $(PYTHON) $(CHECKS)
	@$(RUN) -m ops.checks.sbom $(if $(IMAGES),--images)

openapi: setup ## Write the OpenAPI document anew after a change of a route
	@$(OPS) openapi

sdk: setup ## Generate the TypeScript and Python clients into var/sdk
	@$(OPS) sdk

up: ## Start everything, or what does not run yet, and wait until it is ready
	@sh ops/setup.sh $(PYTHON) $(VENV) "$(ENGINE)" --servers
	@$(OPS) up --engine "$(ENGINE)"

secrets: setup ## Make the secret files that Docker Compose mounts (docs/operations.md)
	@$(OPS) secrets

down: setup ## Stop everything; data stays
	@$(OPS) down --engine "$(ENGINE)"

status: setup ## Show what runs and is ready
	@$(OPS) status --engine "$(ENGINE)"

logs: setup ## Show the last log lines (NAME=catalog-api for one process)
	@$(OPS) logs $(NAME) --engine "$(ENGINE)"

dead: setup ## Show events that are stuck or never arrived, why and since when (SINCE=24h, JSON=1)
	@$(OPS) dead --engine "$(ENGINE)" $(if $(SINCE),--since "$(SINCE)") $(if $(JSON),--json)

replay: setup ## Handle parked events again (EVENT=<id>, or TYPE=<name> and/or SINCE=2h)
	@$(OPS) replay --event "$(EVENT)" --kind "$(TYPE)" --since "$(SINCE)" --engine "$(ENGINE)"

republish: setup ## Publish again what was published and never received (SINCE=24h, or EVENT=<id>)
	@$(OPS) republish --event "$(EVENT)" --since "$(SINCE)" --engine "$(ENGINE)"

audit: setup ## Prove that nobody changed the audit logs (HEAD=<one noted earlier>)
	@$(OPS) audit $(HEAD) --engine "$(ENGINE)"

erase-again: setup ## After a restore: erase again who was erased (USERS="ids younger than the backup")
	@$(OPS) erase-again $(USERS) --engine "$(ENGINE)"

ledger: setup ## Prove that billing's books balance
	@$(OPS) ledger --engine "$(ENGINE)"

faults: setup ## Break a platform on purpose and prove that nothing is lost (FULL=1, SEED=7, ONLY=F3,F7)
	@sh ops/setup.sh $(PYTHON) $(VENV) native --servers
	@$(OPS) faults $(if $(FULL),--full) $(if $(SEED),--seed $(SEED)) $(ONLY)

fuzz: setup ## Break what comes in from foreigners, at every operation and every reader (SEED=7, MINUTES=15)
	@sh ops/setup.sh $(PYTHON) $(VENV) native --servers
	@$(RUN) -m tests.fuzz $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

check-production: setup ## Run the production shape under Docker Compose, break it, and check that it comes back (at most 8 minutes)
	@$(RUN) -m ops.check_production

bench: setup ## Measure against a monolith and static files, results to docs/bench/ (ONLY="public events", QUICK=1)
	@sh ops/setup.sh $(PYTHON) $(VENV) native --servers
	@$(OPS) bench $(if $(QUICK),--quick) $(ONLY)

lock: ## Pin all dependencies with hashes, the services' by the same versions as the root's
	@sh ops/lock.sh $(PYTHON) $(SERVICES)

clean: ## Stop the native platform and delete its data, the virtual environment and caches
	@# Its signing key and secrets are in var: a platform whose containers are still there would not start again.
	@if [ -n "$$(docker ps --all --quiet --filter label=com.docker.compose.project=$${COMPOSE_PROJECT_NAME:-academy} 2>/dev/null)" ]; then \
		echo "The platform under Docker Compose needs files in var/. Remove it first: make down ENGINE=docker"; exit 1; fi
	@if [ -x $(RUN) ]; then $(OPS) clean; fi
	@# var/docker stays: without its secrets, the volumes of Docker Compose could not be opened any more.
	@if [ -d var ]; then find var -mindepth 1 -maxdepth 1 ! -name docker -exec rm -rf {} +; fi
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
