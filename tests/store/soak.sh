#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Soak test of the store: random shapes, loads and faults for as long as you like. Prints one row
# per campaign; a failure is printed with the line that replays it. Missing packages are
# installed through apt.
#
#     tests/store/soak.sh [SECONDS [SEED]]      600 s; the seed is the time of day
set -eu
. "$(dirname "$0")/../setup.sh"

need_to_build
cmake --preset host -DTK_TESTS=ON >/dev/null
cmake --build --preset host --target store_proof >/dev/null
exec build/host/tests/store/store_proof --random "${1:-600}" --seed "${2:-$(date +%s)}"
