#!/bin/sh
# Builds the npm package, checks it as published, and runs the example against the packed tarball.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/scripts/setup.sh"
setup_install
PATH="$root/node_modules/.bin:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"

"$NODE" scripts/build.ts package
(cd dist/package && npm pack --silent --pack-destination "$work" > /dev/null)
tarball=$(ls "$work"/*.tgz)

publint --strict "$tarball"
# Node's own resolution only: the package is ESM and says so.
attw "$tarball" --profile esm-only

count=$(npm ls --all --omit=dev --omit=optional --parseable 2>/dev/null | tail -n +2 | wc -l)
echo "production tree: $count packages"
[ "$count" -le 60 ] || { echo "the production tree has more than 60 packages" >&2; exit 1; }

cp -R examples/library/. "$work/example"
(
  cd "$work/example"
  npm install --silent --prefer-offline --no-audit --no-fund --ignore-scripts --no-save "$tarball"
  "$NODE" main.ts
  "$NODE" node_modules/countersign/bin/countersign.cjs version > /dev/null
)
echo "package: built, checked, installed and used"
