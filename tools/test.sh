#!/bin/sh
# Every check, then every test; ends non-zero on any failure.
cd "$(dirname "$0")/.." || exit 1
command -v curl >/dev/null || tools/apt.sh curl || true
command -v php >/dev/null && php -m | grep -qi '^curl$' || tools/apt.sh php-cli php-curl || true
[ -x /usr/bin/chromium ] || tools/apt.sh chromium || true
tools/check.sh || exit 1
exec .venv/bin/python -m pytest -n "${TEST_WORKERS:-2}" --quiet
