#!/bin/sh
# Puts Node and pnpm of the pinned versions into .toolchain/ and prints the PATH that has them first.
# The machine's own Node is used when it is 24 or newer and pnpm 12 is beside it. Needs npm and one of the platforms below.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
node_version=24.21.0
pnpm_version=12.21.0

major() { "$1" --version 2>/dev/null | sed 's/^v//; s/\..*//'; }
if [ "$(major node || echo 0)" -ge 24 ] 2>/dev/null && [ "$(major pnpm || echo 0)" -eq 12 ] 2>/dev/null; then
  echo "$PATH"
  exit 0
fi

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  Darwin-arm64) platform=darwin-arm64 ;;
  Darwin-x86_64) platform=darwin-x64 ;;
  *) echo "toolchain: no packaged Node for $(uname -s)-$(uname -m); install Node 24 and pnpm 12, then run make again" >&2; exit 1 ;;
esac

dir="$root/.toolchain"
stamp="$dir/node-$node_version-pnpm-$pnpm_version"
if [ ! -f "$stamp" ]; then
  command -v npm >/dev/null || { echo "toolchain: npm is not on the PATH; install Node 20 or newer with npm, then run make again" >&2; exit 1; }
  echo "toolchain: installing Node $node_version and pnpm $pnpm_version into .toolchain/" >&2
  mkdir -p "$dir"
  echo '{ "private": true }' > "$dir/package.json"
  npm install --prefix "$dir" --no-save --no-audit --no-fund --loglevel=error \
    "node-$platform@$node_version" "pnpm@$pnpm_version" >&2
  ln -sfn "node_modules/node-$platform" "$dir/node"
  touch "$stamp"
fi
echo "$dir/node/bin:$dir/node_modules/.bin:$PATH"
