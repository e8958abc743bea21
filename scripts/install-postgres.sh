#!/bin/sh
# Installs PostgreSQL from Debian's packages, without the database server of its own that they would make of it on port 5432.
set -eu
setting=/etc/postgresql-common/createcluster.d/prism-no-main-cluster.conf
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo="sudo -n"; fi
$sudo mkdir -p "$(dirname "$setting")"
echo "create_main_cluster = false" | $sudo tee "$setting" >/dev/null
trap '$sudo rm -f "$setting"' EXIT
"$(dirname "$0")/install-debian-packages.sh" backends postgresql
