# SPDX-License-Identifier: Apache-2.0
# Toolchain of the boards with a Cortex-M3: Debian's gcc-arm-none-eabi and newlib. All is compiled
# as one, which saves 8 KB.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(sections "-ffunction-sections -fdata-sections -fno-common")
# Not ..._INIT, which would be what a build folder was first made with.
set(CMAKE_C_FLAGS "-mcpu=cortex-m3 -mthumb ${sections} -flto -g")
set(whole "-flto-partition=one -Wl,--gc-sections,--sort-section=alignment")
set(CMAKE_EXE_LINKER_FLAGS "--specs=nano.specs -nostartfiles ${whole}")

# Passes of gcc that make the program larger, tried one by one, and one that it has off: 2 KB in all.
# mbedTLS is built without these options: a resumed handshake would cost a fifth more.
set(TK_SMALLER -fno-caller-saves -fno-thread-jumps -fno-tree-dominator-opts
    -fno-move-loop-invariants -fno-optimize-sibling-calls -fno-tree-tail-merge
    -fno-schedule-insns2 -fno-ipa-cp -fipa-pta)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
