# SPDX-License-Identifier: Apache-2.0
# Build, emulator and programmer settings of this board.
set(board_limits TK_TOKEN_MAX=256 TK_ACCOUNTS=1 TK_CAS=2 TK_CONNECTIONS=1 TK_CONSOLES=1
    TK_SESSION_SIZE=512 TK_SESSIONS=2
    TK_CONSOLE_OUT=1152 TK_CONSOLE_ASYNC=384 TK_HOST_MAX=71 TK_HISTORY=12 TK_STORE_SEALING=0 TK_SOCK_IPV6=0 TK_SYSTEM_CLOCK=0
    TK_ATTEMPTS=2 TK_CONFORMANCE_RULES=0)
set(board_linker_script ${CMAKE_CURRENT_SOURCE_DIR}/boards/lm3s6965evb/lm3s6965evb.ld)
set(board_arch port/baremetal/tk_cortex_m.c)
set(board_emulate sh ${CMAKE_CURRENT_SOURCE_DIR}/boards/lm3s6965evb/emulate.sh)
set(board_flash openocd -f board/ek-lm3s6965.cfg -c)
set(board_part sensor) # an image with a program of its own
