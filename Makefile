# Each target is a line: what it does is in bootstrap.py, in the `crm` command or in a tool's own settings.
PYTHON ?= python3
BIN := .venv/bin

# Set in many containers: each process would compile dlt, dbt and the others anew, seconds of it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup build test clients check types sql fmt dev sandbox dashboard report docs bench clean reset

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the environment in .venv (every other target does it too)
	@$(PYTHON) bootstrap.py

build: setup ## run the whole loop against the sandbox; WORLD=folder uses data of your own
	@$(BIN)/crm build $(if $(WORLD),--world $(WORLD))

test: setup ## every test
	@$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

clients: setup ## install the vendors' own clients that tests drive the sandbox with (jsforce, HubSpot's for Node, the Singer taps)
	@$(BIN)/python -m tests.clients.prepare

check: setup ## formatting, lint, types, arrows, SQL style: what CI runs beside the tests
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports
	@$(MAKE) --no-print-directory -j 2 types sql

types:
	@$(BIN)/mypy

sql:
	@$(BIN)/sqlfluff lint -q dbt_project/models

fmt: setup ## format and mend what can be mended by itself
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/sqlfluff fix -q dbt_project/models

dev: setup ## the Dagster UI on 127.0.0.1, with the sandbox beside it unless .env names your CRMs
	@$(BIN)/crm dev

sandbox: setup ## only the sandbox, until Ctrl-C; prints its URLs and credentials
	@$(BIN)/crm sandbox $(if $(WORLD),--world $(WORLD))

dashboard: setup ## the page over what is published, on 127.0.0.1, with filters
	@$(BIN)/crm dashboard

report: setup ## the same page as one HTML file, var/report.html
	@$(BIN)/crm report

docs: setup ## a page for each object and dbt's documentation of the warehouse, in var/docs
	@$(BIN)/crm docs

bench: setup ## measure, and print the table of benchmarks/README.md
	@$(BIN)/python -m benchmarks

clean: ## forget what can be rebuilt (warehouse, published file, logs); state and the sandbox stay
	@$(PYTHON) -m cli.forget clean

reset: ## forget everything in var/, state and the sandbox too
	@$(PYTHON) -m cli.forget reset
