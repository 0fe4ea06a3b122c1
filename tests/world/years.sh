#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Lets gateways live through trouble for as long as you like, each from another seed. Prints what
# that covered; what breaks an invariant is printed with the line that replays it.
#
#     tests/world/years.sh [SECONDS [SEED]]      600 s, and the seed is the time of day
set -eu
. "$(dirname "$0")/../setup.sh"

need_to_build
cmake --preset host -DTK_TESTS=ON >/dev/null
cmake --build --preset host --target world >/dev/null
exec build/host/tests/world/world --random "${1:-600}" --seed "${2:-$(date +%s)}"
