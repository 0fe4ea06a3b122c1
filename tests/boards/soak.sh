#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Cuts the power of each board hundreds of times during refreshes; a hundred take a few minutes. No
# pair may be lost. A failure prints its seed; TK_SEED=<seed> repeats the times of the cuts.
#
#     tests/boards/soak.sh [KILLS] [--board NAME]...      default: 300
set -eu
kills=${1:-300}
[ $# -eq 0 ] || shift
exec python3 "$(dirname "$0")/run.py" --kills "$kills" "$@" Killed
