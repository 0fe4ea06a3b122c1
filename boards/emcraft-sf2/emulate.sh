#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs a firmware image in QEMU with its console on this terminal; Ctrl-A X ends it. $TK_SERIAL is
# another place for the console: -serial of QEMU.
#   boards/emcraft-sf2/emulate.sh tokenkeeper.elf [options of QEMU]
# The NOR flash is a file next to the image; delete it for a fresh board.
set -eu
elf=$1
shift
nor=$(dirname "$elf")/nor.bin
[ -e "$nor" ] || head -c 16777216 /dev/zero | tr '\0' '\377' >"$nor"
exec qemu-system-arm -M emcraft-sf2 -display none -serial "${TK_SERIAL:-mon:stdio}" -kernel "$elf" \
    -nic user,model=msf2-emac -drive if=mtd,format=raw,file="$nor" "$@"
