#!/bin/sh
# Lint, format, types and the direction of imports; every one is run, the first failure decides.
cd "$(dirname "$0")/.." || exit 1
status=0
.venv/bin/ruff format --check --quiet . || { echo "ruff format: some files want formatting (.venv/bin/ruff format)"; status=1; }
.venv/bin/ruff check --quiet . || status=1
.venv/bin/basedpyright --level error || status=1
.venv/bin/lint-imports --no-cache || status=1
exit $status
