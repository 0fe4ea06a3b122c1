#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Kills each board hundreds of times while it refreshes; a few minutes a hundred. No token may be
# lost. What fails prints its chance: TK_CHANCE=<that> plays it again, as far as time allows.
#   tests/boards/campaign.sh [kills, 300] [--board NAME]...
set -eu
kills=${1:-300}
[ $# -eq 0 ] || shift
exec python3 "$(dirname "$0")/run.py" --kills "$kills" "$@" Killed
