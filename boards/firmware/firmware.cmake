# SPDX-License-Identifier: Apache-2.0
# The firmware of a board: tokenkeeper.elf and .bin, and the targets `emulate` and `flash`.
# board.cmake of the board sets the variables board_*.

# The port: a folder with the whole contract (board_port), or port/baremetal and port/lwip. A board
# with a random source sets board_entropy to tk_bare_trng.c.
if(board_port)
    file(GLOB port CONFIGURE_DEPENDS ${board_port}/*.c)
    add_library(tk_port STATIC ${port} port/baremetal/tk_bare_fault.c ${board_arch})
    target_include_directories(tk_port PUBLIC ${board_port} port/baremetal)
    target_link_libraries(tk_port PUBLIC tk_platform tk_port_mbedtls PRIVATE tk_flags)
    set(board_ports tk_port)
else()
    if(NOT board_entropy)
        set(board_entropy port/baremetal/tk_bare_seed.c)
    endif()
    add_library(tk_port_baremetal STATIC port/baremetal/tk_bare_clock.c
                port/baremetal/tk_bare_wait.c port/baremetal/tk_bare_console.c
                port/baremetal/tk_bare_device.c port/baremetal/tk_bare_fault.c
                port/baremetal/tk_bare_assert.c port/baremetal/tk_bare_drbg.c
                ${board_entropy} ${board_arch})
    target_include_directories(tk_port_baremetal PUBLIC port/baremetal)
    target_link_libraries(tk_port_baremetal PUBLIC tk_platform tk_port_mbedtls PRIVATE tk_flags)
    include(port/lwip/lwip.cmake)
    set(board_ports tk_port_baremetal tk_port_lwip)
    set(board_main boards/firmware/main.c boards/firmware/build.c)
endif()

# Functions that assembler or compiler call by name are excluded from link-time optimization.
set_source_files_properties(${board_arch} PROPERTIES COMPILE_OPTIONS -fno-lto)
set(by_name -fno-lto -fno-builtin -fno-tree-loop-distribute-patterns)
set_source_files_properties(port/baremetal/tk_libc.c PROPERTIES COMPILE_OPTIONS "${by_name}")

# The roots of trust, selected from those of this machine.
set(bundle /etc/ssl/certs/ca-certificates.crt)
set(roots ${CMAKE_BINARY_DIR}/roots.c)
add_custom_command(OUTPUT ${roots}
                   COMMAND python3 ${CMAKE_SOURCE_DIR}/port/mbedtls/roots.py ${roots}
                           --list ${CMAKE_SOURCE_DIR}/port/mbedtls/roots.txt --bundle ${bundle}
                           --also ${TK_ROOTS}
                   DEPENDS port/mbedtls/roots.py port/mbedtls/roots.txt ${bundle} ${TK_ROOTS}
                   VERBATIM)

file(GLOB board CONFIGURE_DEPENDS boards/${TK_BOARD}/*.c)
set_source_files_properties(boards/firmware/build.c boards/${TK_BOARD}/main.c PROPERTIES
                            COMPILE_DEFINITIONS TK_BUILD_UNIX=${build_unix})
string(REGEX REPLACE "gcc$" "" tools ${CMAKE_C_COMPILER})

# tk_image(NAME SOURCE...): the target NAME builds NAME.elf and NAME.bin.
function(tk_image name)
    add_executable(${name} ${board_main} ${board} port/baremetal/tk_libc.c ${roots} ${ARGN})
    target_include_directories(${name} PRIVATE boards/${TK_BOARD})
    target_link_libraries(${name} PRIVATE ${tk_product} ${board_ports} tk_flags)
    target_link_options(${name} PRIVATE -T ${board_linker_script}
                        -L${CMAKE_SOURCE_DIR}/port/baremetal -Wl,-Map=${CMAKE_BINARY_DIR}/${name}.map)
    set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS ${board_linker_script})
    add_custom_command(TARGET ${name} POST_BUILD
                       COMMAND ${tools}objcopy -O binary ${name}.elf ${name}.bin
                       COMMAND python3 ${CMAKE_SOURCE_DIR}/boards/firmware/sizes.py
                               ${name}.elf ${name}.map
                       VERBATIM)
endfunction()

tk_image(tokenkeeper)

# With a part of its own in boards/<board>/<part>, as an example: built when it is asked for.
if(board_part)
    file(GLOB part CONFIGURE_DEPENDS boards/${TK_BOARD}/${board_part}/*.c)
    tk_image(${board_part} ${part})
    target_compile_definitions(${board_part} PRIVATE TK_FIRMWARE_PART)
    set_target_properties(${board_part} PROPERTIES EXCLUDE_FROM_ALL YES)
endif()

if(board_emulate)
    add_custom_target(emulate COMMAND ${board_emulate} ${CMAKE_BINARY_DIR}/tokenkeeper.elf
                      DEPENDS tokenkeeper USES_TERMINAL)
endif()
if(board_flash)
    add_custom_target(flash COMMAND ${board_flash}
                      "program ${CMAKE_BINARY_DIR}/tokenkeeper.elf verify reset exit"
                      DEPENDS tokenkeeper USES_TERMINAL)
endif()
