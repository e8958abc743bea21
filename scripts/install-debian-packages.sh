#!/bin/sh
# usage: install-debian-packages.sh WHAT PACKAGE...
# Installs Debian's packages, and starts none of the servers in them: who needs one starts its own. WHAT names the caller.
set -eu
what=$1
shift
if ! command -v apt-get >/dev/null; then
  echo "$what: these are missing and there is no apt-get; install them, then run make again: $*" >&2
  exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo="sudo -n"; fi
echo "$what: installing from Debian's packages: $*" >&2
$sudo apt-get update -qq >&2
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod +x "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >&2
