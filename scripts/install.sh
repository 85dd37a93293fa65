#!/usr/bin/env bash
# Usage: install.sh PYTHON VENV demo|dev
# Creates the virtual environment and installs the pinned packages; leaves a stamp so that make need not call again.
set -euo pipefail

python=$1 venv=$2 what=$3

stop() { echo "$*" >&2; exit 1; }

advice="install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.11"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || stop "There is no '$python' that runs here; $advice"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "'$python' is Python $version; $advice"

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 ||
        stop "Python's venv module is incomplete here; on Debian or Ubuntu run 'apt install python3-venv', then the same make again."
fi

case $what in
demo) extras="" ;;
dev) extras="[postgres,mailauth,test,dev]" ;;
*) stop "install.sh: the last argument is demo or dev" ;;
esac

echo "Installing the pinned packages into $venv (once; a minute or so) ..."
# pip's stderr is kept back: warnings about the machine's own settings are no concern of the reader, failures are.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$venv/bin/python" -m pip install --quiet -c constraints.txt -e ".$extras" >"$log" 2>&1; then
    grep -v '^WARNING' "$log" | tail -n 15 >&2
    stop "The packages could not be installed; pip's last words stand above."
fi

touch "$venv/.installed-demo"
if [ "$what" = dev ]; then touch "$venv/.installed-dev"; fi
