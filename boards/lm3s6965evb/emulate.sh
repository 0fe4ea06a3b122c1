#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs a firmware image in QEMU with its console on this terminal; Ctrl-A X ends it. $TK_SERIAL is
# another place for the console: -serial of QEMU.
#   boards/lm3s6965evb/emulate.sh tokenkeeper.elf [options of QEMU]
# The EEPROM is a file next to the image; delete it for a fresh board.
set -eu
elf=$1
shift
eeprom=$(dirname "$elf")/eeprom.bin
[ -e "$eeprom" ] || head -c 32768 /dev/zero | tr '\0' '\377' >"$eeprom"
exec qemu-system-arm -M lm3s6965evb -display none -serial "${TK_SERIAL:-mon:stdio}" -kernel "$elf" \
    -nic user,model=stellaris \
    -drive if=none,id=eeprom,format=raw,file="$eeprom" \
    -device at24c-eeprom,bus=i2c,address=0x50,drive=eeprom,rom-size=32768 "$@"
