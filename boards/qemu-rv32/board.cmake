# SPDX-License-Identifier: Apache-2.0
# Build and emulator settings of this board.
set(board_limits TK_TOKEN_MAX=256 TK_ACCOUNTS=4 TK_CONNECTIONS=1 TK_CONSOLES=1
    TK_SESSION_SIZE=512 TK_SESSIONS=4
    TK_STORE_SEALING=0 TK_SOCK_IPV6=0 TK_SYSTEM_CLOCK=0 TK_ATTEMPTS=2)
set(board_linker_script ${CMAKE_CURRENT_SOURCE_DIR}/boards/qemu-rv32/qemu-rv32.ld)
set(board_arch port/baremetal/tk_riscv.c)
set(board_entropy port/baremetal/tk_bare_trng.c)
set(board_emulate sh ${CMAKE_CURRENT_SOURCE_DIR}/boards/qemu-rv32/emulate.sh)
