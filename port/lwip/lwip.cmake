# SPDX-License-Identifier: Apache-2.0
#
# The targets `lwip`, lwIP 2.2 with our options, and `tk_port_lwip`, tk_sock.h on top of it.

include(port/fetch.cmake)
tk_fetch(lwip TK_LWIP_DIR lwip_tree)

set(init_header ${lwip_tree}/src/include/lwip/init.h)
if(EXISTS ${init_header})
    file(STRINGS ${init_header} version REGEX "define LWIP_VERSION_M(AJOR|INOR) +2$")
endif()
list(LENGTH version found)
if(NOT found EQUAL 2)
    message(FATAL_ERROR "${lwip_tree} is not lwIP 2.2")
endif()

file(GLOB lwip_sources ${lwip_tree}/src/core/*.c ${lwip_tree}/src/core/ipv4/*.c
     ${lwip_tree}/src/netif/ethernet.c)
file(GLOB lwip6_sources ${lwip_tree}/src/core/ipv6/*.c)
file(GLOB port_lwip CONFIGURE_DEPENDS port/lwip/*.c port/lwip_dns/*.c)

# tk_lwip(SUFFIX IPV6 SOURCE...): the targets lwip<SUFFIX> and tk_port_lwip<SUFFIX>.
function(tk_lwip suffix ipv6)
    add_library(lwip${suffix} STATIC ${ARGN})
    target_include_directories(lwip${suffix} SYSTEM PUBLIC ${lwip_tree}/src/include)
    target_include_directories(lwip${suffix} PUBLIC ${CMAKE_SOURCE_DIR}/port/lwip)
    target_compile_definitions(lwip${suffix} PUBLIC LWIP_IPV6=${ipv6})
    target_compile_options(lwip${suffix} PRIVATE -w)
    if(NOT CMAKE_CROSSCOMPILING)
        target_compile_definitions(lwip${suffix} PUBLIC TK_LWIP_ASSERTS) # for the tests
    endif()
    add_library(tk_port_lwip${suffix} STATIC ${port_lwip})
    target_include_directories(tk_port_lwip${suffix} PRIVATE port/lwip_dns)
    target_link_libraries(tk_port_lwip${suffix} PUBLIC tk_platform lwip${suffix} PRIVATE tk_flags)
endfunction()

# A board has IPv6 unless its limits say TK_SOCK_IPV6=0; the tests have both.
if(CMAKE_CROSSCOMPILING AND NOT "TK_SOCK_IPV6=0" IN_LIST board_limits)
    tk_lwip("" 1 ${lwip_sources} ${lwip6_sources})
else()
    tk_lwip("" 0 ${lwip_sources})
endif()
if(NOT CMAKE_CROSSCOMPILING)
    tk_lwip(6 1 ${lwip_sources} ${lwip6_sources})
endif()

# port/lwip_sockets is for systems that run lwIP in its own thread. It is tested on this machine,
# with lwIP's contrib unix port in place of a vendor's system.
if(NOT CMAKE_CROSSCOMPILING)
    find_package(Threads REQUIRED)
    set(unix_port ${lwip_tree}/contrib/ports/unix/port)
    file(GLOB lwip_api ${lwip_tree}/src/api/*.c)
    add_library(lwip_threads STATIC ${lwip_sources} ${lwip_api} ${unix_port}/sys_arch.c)
    target_include_directories(lwip_threads SYSTEM PUBLIC ${lwip_tree}/src/include
                               ${unix_port}/include)
    target_include_directories(lwip_threads PUBLIC ${CMAKE_SOURCE_DIR}/tests/unit/support/lwip_threads)
    target_compile_options(lwip_threads PRIVATE -w -D_GNU_SOURCE)
    target_link_libraries(lwip_threads PUBLIC Threads::Threads)

    add_library(tk_port_lwip_sockets STATIC port/lwip_sockets/tk_lwip_sockets.c
                port/lwip_sockets/tk_lwip_sockets_lookup.c port/lwip_sockets/tk_lwip_threads.c
                port/lwip_dns/tk_lwip_dns.c)
    target_include_directories(tk_port_lwip_sockets PUBLIC port/lwip_sockets PRIVATE port/lwip_dns)
    target_compile_definitions(tk_port_lwip_sockets PUBLIC _GNU_SOURCE)
    target_link_libraries(tk_port_lwip_sockets PUBLIC tk_platform lwip_threads PRIVATE tk_flags)
endif()
