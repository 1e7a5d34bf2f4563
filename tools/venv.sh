#!/bin/sh
# Makes .venv and installs requirements/$1.txt and Ringlog itself into it; does nothing where that is done already.
# Usage: tools/venv.sh run|test
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
say() { echo "ringlog: $*" >&2; }

if ! command -v "$python" >/dev/null; then
  say "There is no $python here; install Python 3.11 or newer."
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  say "$("$python" --version) is too old; Ringlog needs Python 3.11 or newer (PYTHON=/path/to/python3 names another)."
  exit 1
fi

if [ ! -x .venv/bin/pip ]; then
  # Debian ships Python without what makes virtual environments.
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! tools/apt.sh python3-venv && ! tools/apt.sh "python$version-venv"; then
      say "Python's venv module is missing; install it with: apt-get install python3-venv"
      exit 1
    fi
  fi
  rm -rf .venv
  "$python" -m venv .venv
fi

wanted=$(cat "requirements/$1.txt" pyproject.toml src/ringlog/__init__.py | cksum)
stamp=.venv/installed-$1
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0
say "installing what requirements/$1.txt names …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$1.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$wanted" > "$stamp"
