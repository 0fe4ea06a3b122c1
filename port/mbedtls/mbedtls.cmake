# SPDX-License-Identifier: Apache-2.0
#
# The target `mbedtls`: mbedTLS 3.6 with our configuration. It is built once per compiler, flags and
# configuration, in the cache, so that a fresh clone does not build it again.

include(port/fetch.cmake)
tk_fetch(mbedtls TK_MBEDTLS_DIR mbedtls_tree)

file(STRINGS ${mbedtls_tree}/include/mbedtls/build_info.h version_line
     REGEX "define MBEDTLS_VERSION_STRING ")
if(NOT version_line MATCHES "\"3\\.6\\.")
    message(FATAL_ERROR "${mbedtls_tree} is not mbedTLS 3.6: ${version_line}")
endif()

set(mbedtls_config tk_mbedtls_${TK_MBEDTLS_PROFILE}.h)
set(key "${TK_ECC} ${mbedtls_tree} ${version_line} ${CMAKE_C_COMPILER} ${CMAKE_C_COMPILER_VERSION}")
string(JOIN " " mbedtls_flags ${CMAKE_C_FLAGS} ${tk_hardening_flags})
string(APPEND key " ${mbedtls_flags} ${TK_SMALLER} ${CMAKE_BUILD_TYPE} ${CMAKE_TOOLCHAIN_FILE}")
file(GLOB pubkey CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/port/mbedtls
     port/mbedtls/pubkey/*.[ch] port/mbedtls/small/*.[ch] port/mbedtls/x86_64/*.c)
foreach(file tk_mbedtls_common.h ${mbedtls_config} build/CMakeLists.txt build/peer.cmake
             build/pubkey.cmake ${pubkey})
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY
                 CMAKE_CONFIGURE_DEPENDS port/mbedtls/${file})
    file(SHA256 ${CMAKE_SOURCE_DIR}/port/mbedtls/${file} digest)
    string(APPEND key " ${digest}")
endforeach()
string(SHA256 key "${key}")
string(SUBSTRING ${key} 0 16 key)
set(mbedtls_build ${TK_CACHE_DIR}/build-${key})
set(mbedtls_library ${mbedtls_build}/libmbedtls.a)

file(MAKE_DIRECTORY ${mbedtls_build})
file(LOCK ${mbedtls_build} DIRECTORY GUARD FILE TIMEOUT 600)
if(NOT EXISTS ${mbedtls_build}/done)
    message(STATUS "building mbedTLS into ${mbedtls_build}")
    execute_process(
        COMMAND ${CMAKE_COMMAND} -S ${CMAKE_SOURCE_DIR}/port/mbedtls/build -B ${mbedtls_build}
                -G ${CMAKE_GENERATOR} -DMBEDTLS_TREE=${mbedtls_tree}
                -DMBEDTLS_CONFIG_DIR=${CMAKE_SOURCE_DIR}/port/mbedtls
                -DMBEDTLS_CONFIG=${mbedtls_config} -DTK_ECC=${TK_ECC} -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
                -DCMAKE_C_FLAGS=${mbedtls_flags} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
                -DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE}
        OUTPUT_FILE ${mbedtls_build}/log ERROR_FILE ${mbedtls_build}/log COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${mbedtls_build} --parallel
                    OUTPUT_FILE ${mbedtls_build}/log ERROR_FILE ${mbedtls_build}/log
                    COMMAND_ERROR_IS_FATAL ANY)
    file(TOUCH ${mbedtls_build}/done)
endif()

add_library(mbedtls STATIC IMPORTED)
set_target_properties(mbedtls PROPERTIES IMPORTED_LOCATION ${mbedtls_library})
target_include_directories(mbedtls SYSTEM INTERFACE ${mbedtls_tree}/include)
target_include_directories(mbedtls INTERFACE ${CMAKE_SOURCE_DIR}/port/mbedtls)
target_compile_definitions(mbedtls INTERFACE MBEDTLS_CONFIG_FILE="${mbedtls_config}")
if(TK_ECC STREQUAL own)
    target_compile_definitions(mbedtls INTERFACE TK_ECC_OWN)
endif()
