# SPDX-License-Identifier: Apache-2.0
#
# The targets `lwip`, lwIP 2.2 with our options, and `tk_port_lwip`, the sockets of the contract on it.

include(port/fetch.cmake)
tk_fetch(lwip TK_LWIP_DIR lwip_tree)

file(GLOB lwip_sources ${lwip_tree}/src/core/*.c ${lwip_tree}/src/core/ipv4/*.c
     ${lwip_tree}/src/netif/ethernet.c)
add_library(lwip STATIC ${lwip_sources})
target_include_directories(lwip SYSTEM PUBLIC ${lwip_tree}/src/include)
target_include_directories(lwip PUBLIC ${CMAKE_SOURCE_DIR}/port/lwip)
target_compile_options(lwip PRIVATE -w)
if(NOT CMAKE_CROSSCOMPILING)
    target_compile_definitions(lwip PUBLIC TK_LWIP_ASSERTS) # the tests hear of them
endif()

file(GLOB port_lwip CONFIGURE_DEPENDS port/lwip/*.c)
add_library(tk_port_lwip STATIC ${port_lwip})
target_link_libraries(tk_port_lwip PUBLIC tk_platform lwip PRIVATE tk_flags)
