#!/bin/sh
# Makes a redis-server available for the tests: the one on the PATH, or Debian's package.
# A test run that is given PRISM_TEST_REDIS_URL, or that can reach Docker, does without it, but the outage tests stop and
# start a server of their own and always need the binary.
set -eu
if command -v redis-server >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "backends: redis-server is not on the PATH and there is no apt-get; install Redis 7, then run make again" >&2
  exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo="sudo -n"; fi
echo "backends: installing redis-server from Debian's packages" >&2
$sudo apt-get update -qq >&2
# The tests start servers of their own: the package must not start one.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod +x "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends redis-server redis-tools >&2
