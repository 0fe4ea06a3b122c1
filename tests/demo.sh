#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Shows provisioning, refreshes, a power cut and an outage in about a minute.
# Works on a bare Debian bookworm; missing packages are installed first.
set -eu
. "$(dirname "$0")/setup.sh"

need_to_build
need curl
say "building"
mkdir -p build
cmake --preset host -DTK_TESTS=OFF >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset host --target tokenkeeper
exec python3 tests/demo.py build/host/tokenkeeper
