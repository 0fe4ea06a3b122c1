# SPDX-License-Identifier: Apache-2.0
#
# TK_CACHE_DIR, the cache of third-party sources, and tk_fetch(name option result): the tree given
# by the option, or one that port/fetch.sh downloads into the cache.

if(NOT TK_CACHE_DIR)
    if(DEFINED ENV{TK_CACHE_DIR})
        set(TK_CACHE_DIR "$ENV{TK_CACHE_DIR}")
    elseif(DEFINED ENV{XDG_CACHE_HOME})
        set(TK_CACHE_DIR "$ENV{XDG_CACHE_HOME}/tokenkeeper")
    elseif(DEFINED ENV{HOME})
        set(TK_CACHE_DIR "$ENV{HOME}/.cache/tokenkeeper")
    else()
        set(TK_CACHE_DIR "/var/tmp/tokenkeeper-cache")
    endif()
endif()

function(tk_fetch name option result)
    set(tree "${${option}}")
    if(NOT tree)
        execute_process(COMMAND sh ${CMAKE_SOURCE_DIR}/port/fetch.sh ${TK_CACHE_DIR} ${name}
                        OUTPUT_VARIABLE tree OUTPUT_STRIP_TRAILING_WHITESPACE
                        RESULT_VARIABLE failed)
        if(failed)
            message(FATAL_ERROR "cannot fetch ${name}; set -D${option}=<tree>")
        endif()
    endif()
    set(${result} ${tree} PARENT_SCOPE)
endfunction()
