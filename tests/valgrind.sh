#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs unit tests under valgrind, two at a time: tests/valgrind.sh BUILD [TEST...]
# Left out are those that are exhaustive or compute for long; they run under the sanitizers.
set -eu
build=$1
shift
left_out="test_store_cuts test_rotation test_rsa"

# Their paths, of all or of those that are named.
tests() {
    for path in $(find "$build/tests/unit" -type f -perm -100 -name 'test_*'); do
        name=${path##*/}
        case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
        case " $left_out " in *" $name "*) [ $# -gt 0 ] || continue ;; esac
        echo "$path"
    done
}

tests "$@" | xargs -n 1 -P 2 -t valgrind -q --error-exitcode=9 --leak-check=full \
    --errors-for-leak-kinds=definite
