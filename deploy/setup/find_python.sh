#!/usr/bin/env bash
# Prints the Python that `make setup` builds with, or names in one line a tool that is missing.
set -euo pipefail

missing() {
    printf 'make setup: %s\n' "$1" >&2
    exit 1
}

# The oldest cargo that builds the core, as Cargo.toml says.
cargo_needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)

command -v cc > /dev/null ||
    missing "a C compiler (cc) is missing: apt-get install gcc libc6-dev"
command -v cargo > /dev/null ||
    missing "cargo is missing: install Rust $cargo_needed or later with rustup"
cargo_found=$(cargo --version | cut -d ' ' -f 2)
[ "$(printf '%s\n' "$cargo_needed" "$cargo_found" | sort -V | head -n 1)" = "$cargo_needed" ] ||
    missing "cargo $cargo_found is too old: install Rust $cargo_needed or later with rustup"

# A Python counts when it can make an environment and has the headers that a build includes.
probe='
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(not (sys.version_info >= (3, 11) and os.path.exists(header)))
'
for candidate in "${PYTHON:-}" python3.11 python3 /usr/bin/python3.11 python3.12 python3.13; do
    if [ -n "$candidate" ] && "$candidate" -c "$probe" 2> /dev/null; then
        printf '%s\n' "$candidate"
        exit 0
    fi
done
missing "Python 3.11 or later with venv and headers is missing:\
 apt-get install python3 python3-venv python3-dev"
