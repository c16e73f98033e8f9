#!/usr/bin/env bash
# Installs the programs that the tests start or ask, from Debian's packages, where one is missing.
# Arguments name further programs whose package is called the same.
set -euo pipefail

export PATH="$PATH:/usr/sbin"
packages=()
command -v mariadbd > /dev/null || packages+=(mariadb-server)
command -v redis-server > /dev/null || packages+=(redis-server)
command -v xmlsec1 > /dev/null || packages+=(xmlsec1)
for program in "$@"; do
    command -v "$program" > /dev/null || packages+=("$program")
done
[ "${#packages[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    printf 'missing programs: as root, apt-get install %s\n' "${packages[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${packages[@]}"
