#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Soak test of whole gateways: runs with random faults for as long as you like. Prints what they
# covered; a violated invariant is printed with the line that repeats the run.
# Missing packages are installed through apt.
#
#     tests/simulation/soak.sh [SECONDS [SEED]]      600 s; the seed is the time of day
set -eu
. "$(dirname "$0")/../setup.sh"

need_to_build
cmake --preset host -DTK_TESTS=ON >/dev/null
cmake --build --preset host --target simulation >/dev/null
exec build/host/tests/simulation/simulation --soak "${1:-600}" --seed "${2:-$(date +%s)}"
