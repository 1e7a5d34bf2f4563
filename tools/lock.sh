#!/bin/sh
# Resolves pyproject.toml for every supported Python; needs uv (in .venv, else it is put there).
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/pip ] || "${PYTHON:-python3}" -m venv .venv
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
lock() { .venv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11 "$@"; }
lock pyproject.toml --group pyproject.toml:build -o requirements/run.txt
lock pyproject.toml --group pyproject.toml:build --group pyproject.toml:test -c requirements/run.txt -o requirements/test.txt
