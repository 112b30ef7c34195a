# Sourced by the launcher and the npm scripts, with $root set: finds the pinned Node, installs, builds.
# Everything it says goes to stderr, so that a command's stdout stays data.

setup_say() { printf 'countersign: %s\n' "$1" >&2; }

# One set-up at a time per checkout; a lock that was left behind is told by its dead owner.
setup_lock() {
  while ! mkdir "$root/.setup-lock" 2>/dev/null; do
    owner=$(cat "$root/.setup-lock/pid" 2>/dev/null || echo)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$root/.setup-lock"; else sleep 1; fi
  done
  echo $$ > "$root/.setup-lock/pid"
}
setup_unlock() { rm -rf "$root/.setup-lock"; }

setup_install() {
  if [ ! -e "$root/node_modules/.package-lock.json" ] || [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]; then
    command -v npm >/dev/null 2>&1 || { setup_say 'npm is needed once, to install dependencies; it comes with Node.js'; exit 1; }
    setup_lock
    setup_say 'installing dependencies (first use)'
    if ! (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
      setup_unlock; setup_say 'npm ci failed; see above'; exit 1
    fi
    touch "$root/node_modules/.package-lock.json"
    setup_unlock
  fi
  NODE="$root/node_modules/.bin/node"
  if [ ! -x "$NODE" ]; then
    NODE=$(command -v node || true)
    [ -n "$NODE" ] || { setup_say 'no Node.js found; install 24.15 or newer'; exit 1; }
  fi
}

setup_build() {
  setup_install
  stamp="$root/dist/cli/.stamp"
  if [ ! -e "$stamp" ] || [ -n "$(find "$root/src" "$root/scripts/build.ts" "$root/package.json" -newer "$stamp" -print 2>/dev/null | head -n 1)" ]; then
    setup_lock
    if ! "$NODE" "$root/scripts/build.ts" cli >&2; then setup_unlock; setup_say 'the build failed; see above'; exit 1; fi
    setup_unlock
  fi
}
