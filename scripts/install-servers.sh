#!/bin/sh
# Makes available the servers that tests and `prism stack` run: Redis, PostgreSQL and nginx from the PATH or from Debian's packages,
# NATS and Kafka in .toolchain/. None of them is started, and what is there already is not installed again.
# Tests that stop and kill servers always need these, also when PRISM_TEST_*_URL or Docker provide the others.
set -eu
scripts=$(dirname "$0")
# Debian installs nginx where not every user looks.
PATH="$PATH:/usr/sbin"

has_postgres() {
  for bin in /usr/lib/postgresql/*/bin; do
    if [ -x "$bin/postgres" ] && [ -x "$bin/initdb" ]; then return 0; fi
  done
  command -v postgres >/dev/null && command -v initdb >/dev/null
}

missing=
command -v redis-server >/dev/null || missing="$missing redis-server redis-tools"
command -v nginx >/dev/null || missing="$missing nginx"
if [ -n "$missing" ]; then "$scripts/install-debian-packages.sh" backends $missing; fi
has_postgres || "$scripts/install-postgres.sh"
"$scripts/install-nats.sh"
"$scripts/install-kafka.sh"
