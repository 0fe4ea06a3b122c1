# SPDX-License-Identifier: Apache-2.0
#
# tokenkeeper.spdx.json in the build folder: the bill of materials of what is built there, in SPDX
# 2.3. Versions are read from the sources that are compiled.

file(STRINGS core/base/tk_version.h sbom_version REGEX "define TK_VERSION ")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" sbom_version "${sbom_version}")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" sbom_mbedtls "${version_line}")
find_path(jsmn_dir jsmn.h PATHS /usr/local/include /usr/include REQUIRED)
file(SHA256 ${jsmn_dir}/jsmn.h sbom_jsmn_digest)
set(ENV{SOURCE_DATE_EPOCH} ${build_unix})
string(TIMESTAMP sbom_created "%Y-%m-%dT%H:%M:%SZ" UTC)

set(sbom_board host)
set(sbom_lwip "")
if(TK_BOARD)
    set(sbom_board ${TK_BOARD})
endif()
if(TK_BOARD AND lwip_tree) # a board with a port of its own has none
    file(STRINGS ${lwip_tree}/src/include/lwip/init.h parts
         REGEX "define LWIP_VERSION_(MAJOR|MINOR|REVISION) ")
    list(TRANSFORM parts REPLACE ".* ([0-9]+).*" "\\1")
    list(JOIN parts "." lwip_version)
    configure_file(port/sbom_lwip.json.in ${CMAKE_BINARY_DIR}/sbom_lwip.json @ONLY)
    file(READ ${CMAKE_BINARY_DIR}/sbom_lwip.json sbom_lwip)
endif()
configure_file(port/sbom.json.in ${CMAKE_BINARY_DIR}/tokenkeeper.spdx.json @ONLY)
