# SPDX-License-Identifier: Apache-2.0
# Toolchain for boards with an RV32IMAC: Debian's gcc-riscv64-unknown-elf and picolibc. With a
# -march that names zicsr gcc finds no library and silently links one of 64 bits: hence -misa-spec.
# picolibc's default build copies byte by byte, which makes a resumed handshake a third slower:
# hence --picolibc-buildtype=release.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR rv32imac)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_AR riscv64-unknown-elf-gcc-ar)
set(CMAKE_RANLIB riscv64-unknown-elf-gcc-ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(rv32 "-march=rv32imac -mabi=ilp32 -misa-spec=2.2 -mcmodel=medany --specs=picolibc.specs")
set(CMAKE_C_FLAGS "${rv32} -ffunction-sections -fdata-sections -fno-common -flto -g")
set(whole "-flto-partition=one -Wl,--gc-sections,--sort-section=alignment")
set(CMAKE_EXE_LINKER_FLAGS "-nostartfiles ${whole} --picolibc-buildtype=release")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
