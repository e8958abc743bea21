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
if [ -z "$missing" ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "backends: these are missing and there is no apt-get; install them, then run make again:$missing" >&2
  exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo="sudo -n"; fi
echo "backends: installing from Debian's packages:$missing" >&2
$sudo apt-get update -qq >&2
# The tests start servers of their own: the package must not start one.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod +x "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >&2
