#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs a firmware image in QEMU with its console on this terminal; Ctrl-A X ends it. $TK_SERIAL is
# another place for the console: -serial of QEMU.
#   boards/qemu-rv32/emulate.sh tokenkeeper.elf [options of QEMU]
# The second flash bank is a file next to the image; delete it for a fresh board.
set -eu
folder=$(dirname "$1")
shift
cp "$folder/tokenkeeper.bin" "$folder/flash0.bin"
truncate -s 32M "$folder/flash0.bin"
[ -e "$folder/flash1.bin" ] ||
    head -c 33554432 /dev/zero | tr '\0' '\377' >"$folder/flash1.bin"
exec qemu-system-riscv32 -M virt -m 16M -bios none -display none -serial "${TK_SERIAL:-mon:stdio}" \
    -global virtio-mmio.force-legacy=false \
    -drive if=pflash,unit=0,format=raw,readonly=on,file="$folder/flash0.bin" \
    -drive if=pflash,unit=1,format=raw,file="$folder/flash1.bin" \
    -netdev user,id=net -device virtio-net-device,netdev=net -device virtio-rng-device "$@"
