#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts the store to the proof for as long as you like: shapes, loads, tears and seconds by chance.
# Prints what it covered, one row a campaign; a failure is printed with the line that replays it.
#
#     tests/store/campaign.sh [SECONDS [SEED]]      600 s, and the seed is the time of day
set -eu
. "$(dirname "$0")/../setup.sh"

need_to_build
cmake --preset host -DTK_TESTS=ON >/dev/null
cmake --build --preset host --target store_proof >/dev/null
exec build/host/tests/store/store_proof --random "${1:-600}" --seed "${2:-$(date +%s)}"
