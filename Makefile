.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-unit coverage docs simulate crash chaos cluster installations mutants fuzz bench lint format lock schema up down logs clean

BIN := .venv/bin
DATA ?= data
#: More options for pytest: make test PYTEST_OPTIONS="-k watcher -x"; "-n 0" runs all in one process.
PYTEST_OPTIONS ?=
PYTEST := $(BIN)/pytest -n auto
#: Options of the benchmark: make bench BENCH_OPTIONS="--rows 10000000 --cases first,latency"
BENCH_OPTIONS ?=
#: Options of the rounds on clusters: make cluster CLUSTER_OPTIONS="--only leader-killed --rows 100000"
CLUSTER_OPTIONS ?=

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## Install everything into .venv
	@PYTHON="$(PYTHON)" scripts/setup.sh

demo: setup ## Load the sample files without any server and show the result
	@scripts/demo.sh

run: setup ## Watch data/inbox without any server (DATA=folder for another folder)
	$(BIN)/inflow run --embedded --data $(DATA)

test: setup ## Run all tests but the compose and the slow ones; prepares its own servers
	$(PYTEST) -m "not compose and not slow" --durations=10 $(PYTEST_OPTIONS)

test-unit: setup ## Run the tests that need no server
	$(PYTEST) -m "not servers and not compose and not slow" $(PYTEST_OPTIONS)

coverage: setup ## Run the tests of `make test` and print what of the code they ran; takes about twice as long
	@mkdir -p build/coverage
	$(PYTEST) -m "not compose and not slow" --cov --cov-report=term --cov-report=html $(PYTEST_OPTIONS)

simulate: setup ## Run the cores with faults at every step, 10000 seeds (SEEDS=n)
	$(BIN)/python -m verification.simulation --seeds $(or $(SEEDS),10000)

crash: setup ## Kill each service at each point of its work, on real servers
	$(BIN)/python -m verification.crash

chaos: setup ## Kill, cut, freeze and fill up everything at random, on servers of its own, 20 seeds (SEEDS=n)
	$(BIN)/python -m verification.chaos --seeds $(or $(SEEDS),20)

installations: setup ## Ten installations on one broker and one database server, 100 rounds of faults (ROUNDS=n)
	$(BIN)/python -m verification.installations --rounds $(or $(ROUNDS),100)

cluster: setup ## Break clusters of three members under load, 20 rounds of each kind (CLUSTER_OPTIONS="--kind galera")
	$(BIN)/python -m verification.cluster $(CLUSTER_OPTIONS)

mutants: setup ## Break the product on purpose and see which of these catches it
	$(BIN)/python -m verification.mutants

fuzz: setup ## Read damaged files of all formats: a refusal or an account of every line, 10 minutes (SECONDS=n)
	$(BIN)/python -m verification.corpus.fuzz --seconds $(or $(SECONDS),600)

bench: setup ## Measure speed beside LOAD DATA, pandas, dlt and row by row (BENCH_OPTIONS="--rows 100000")
	@scripts/bench.sh $(BENCH_OPTIONS)

lint: setup ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup ## Build the site of the documents into build/site; a link that leads nowhere fails it
	@scripts/docs.sh

format: setup ## Put the code into its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Update the lock files (UPGRADE=--upgrade takes the newest versions)
	@PYTHON="$(PYTHON)" UPGRADE="$(UPGRADE)" scripts/lock.sh

schema: setup ## Write schema.sql from the default configuration
	$(BIN)/inflow schema >schema.sql.new
	mv schema.sql.new schema.sql

up: ## Start RabbitMQ, MySQL and the services with Docker
	docker compose up --build --detach --wait
	@echo "Drop files into data/inbox. RabbitMQ's management pages: http://localhost:15672"

down: ## Stop what `make up` started; queues and tables are kept
	docker compose down

logs: ## Follow the logs of what `make up` started
	docker compose logs --follow --tail 100

clean: ## Remove .venv, caches and build; data stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
