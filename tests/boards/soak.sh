#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Cuts the power of each board hundreds of times during refreshes; a hundred take a few minutes. No
# pair may be lost. A failure prints its seed; TK_SEED=<seed> repeats the times of the cuts. Missing
# packages are installed through apt.
#
#     tests/boards/soak.sh [KILLS] [--board NAME]...      default: 300
set -eu
. "$(dirname "$0")/../setup.sh"

need_to_build
need gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm \
    gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
kills=${1:-300}
[ $# -eq 0 ] || shift
exec python3 tests/boards/run.py --kills "$kills" "$@" Killed
