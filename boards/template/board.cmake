# SPDX-License-Identifier: Apache-2.0
# Build settings of this board. FIXME core/base/tk_limits.h: the limits.
set(board_limits TK_TOKEN_MAX=256 TK_ACCOUNTS=1 TK_CONNECTIONS=1 TK_CONSOLES=1
    TK_SESSION_SIZE=512 TK_SESSIONS=2
    TK_ATTEMPTS=2)
set(board_linker_script ${CMAKE_CURRENT_SOURCE_DIR}/boards/${TK_BOARD}/board.ld)
set(board_arch port/baremetal/tk_cortex_m.c)
set(board_port port/${TK_BOARD})
