#!/bin/sh
# usage: run.sh COMMAND [ARG ...]   Installs if needed, then runs a development command on the pinned Node.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/scripts/setup.sh"
setup_install
PATH="$root/node_modules/.bin:$PATH"
export PATH
cd "$root"
exec "$@"
