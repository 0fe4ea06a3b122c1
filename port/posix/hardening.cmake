# SPDX-License-Identifier: Apache-2.0
#
# Compiler and linker hardening for programs on Linux, in tk_hardening_flags for mbedTLS too. What a
# compiler does not know is left out. FORTIFY needs optimization: not in Debug builds.
include(CheckCCompilerFlag)
include(CheckPIESupported)

check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# CET on x86-64, PAC and BTI on arm64. -Werror: clang only warns of a flag for another processor.
set(tk_hardening_flags -fPIE)
set(CMAKE_REQUIRED_FLAGS -Werror)
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
             -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER "TK_HAS${flag}" known)
    check_c_compiler_flag(${flag} ${known})
    if(${known})
        list(APPEND tk_hardening_flags ${flag})
    endif()
endforeach()
unset(CMAKE_REQUIRED_FLAGS)
if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    list(APPEND tk_hardening_flags -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
add_compile_options(${tk_hardening_flags})
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
