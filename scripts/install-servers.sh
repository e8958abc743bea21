#!/bin/sh
# Makes redis-server and nginx available for the tests: those on the PATH, or Debian's packages.
# A test run that is given PRISM_TEST_REDIS_URL, or that can reach Docker, does without redis-server, but the outage tests stop
# and start a server of their own and always need the binary.
set -eu
# Debian installs nginx where not every user looks.
PATH="$PATH:/usr/sbin"
missing=
command -v redis-server >/dev/null || missing="$missing redis-server redis-tools"
command -v nginx >/dev/null || missing="$missing nginx"
if [ -n "$missing" ]; then "$(dirname "$0")/install-debian-packages.sh" backends $missing; fi
