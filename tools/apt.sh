#!/bin/sh
# Installs Debian packages where this user may (root or passwordless sudo); else exits 1 and says nothing.
# Usage: tools/apt.sh PACKAGE...
set -eu
command -v apt-get >/dev/null || exit 1
if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else exit 1; fi
echo "ringlog: installing $* with apt …" >&2
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1; }
install "$@" || { $as_root apt-get update >/dev/null 2>&1 && install "$@"; }
