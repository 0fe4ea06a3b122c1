# SPDX-License-Identifier: Apache-2.0
# Toolchain for boards with a Cortex-M3: Debian's gcc-arm-none-eabi and newlib. Link-time
# optimization of the whole program saves 8 KB.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(sections "-ffunction-sections -fdata-sections -fno-common")
# Not CMAKE_C_FLAGS_INIT, which is used only when a build folder is created.
set(CMAKE_C_FLAGS "-mcpu=cortex-m3 -mthumb ${sections} -flto -g")
set(whole "-flto-partition=one -Wl,--gc-sections,--sort-section=alignment")
set(CMAKE_EXE_LINKER_FLAGS "--specs=nano.specs -nostartfiles ${whole}")

# Passes of gcc that make the program larger are off, one that is off by default is on: found by
# trying each, they save 4 KB. AES, SHA-2 and the arithmetic of public keys are built without these
# options, which would make a resumed handshake a fifth slower (port/mbedtls/build/CMakeLists.txt).
set(TK_SMALLER -fno-caller-saves -fno-thread-jumps -fno-tree-dominator-opts
    -fno-move-loop-invariants -fno-optimize-sibling-calls -fno-tree-tail-merge
    -fno-schedule-insns2 -fno-if-conversion -fno-ssa-phiopt -fno-reorder-blocks
    -fno-partial-inlining -fno-tree-forwprop -fno-tree-loop-ivcanon -fno-tree-loop-im
    -fira-algorithm=priority -fno-ipa-cp -fipa-pta -fno-tree-switch-conversion -fno-tree-pre
    -fno-code-hoisting)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
