#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs unit tests under valgrind, two at a time: tests/valgrind.sh BUILD [TEST...]
#
# It finds what the sanitizers do not: reads of memory that was never written. That takes a test of
# each path, not of each case, so exhaustive tests are left to the sanitizers and random ones run
# with one seed.
set -eu
build=$1
shift
# These take all descriptors, search memory that is not in use, give the suite a port that fills no
# buffer, or have a sanitizer of their own.
by_design="test_host_listener test_wiped test_account_stack test_seal_stack test_conformance test_mailbox_threads"
left_out="test_store_cuts test_store_images test_store_restarts test_rotation test_many_accounts $by_design"
one_seed="test_keeper_random"
first="test_tls_session test_tls_faults test_keeper_random test_tls test_refresh test_escalate"

# in_list NAME LIST
in_list() {
    case " $2 " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# command_lines TEST...: path and arguments of each
command_lines() {
    for name in "$@"; do
        path=$(find "$build/tests/unit" -type f -perm -100 -name "$name")
        [ -n "$path" ] || { echo "$build has no unit test $name" >&2; exit 1; }
        in_list "$name" "$one_seed" && echo "$path 100 1" || echo "$path"
    done
}

# The tests, the longest ones first.
all() {
    echo $first
    find "$build/tests/unit" -type f -perm -100 -name 'test_*' | while read -r path; do
        in_list "${path##*/}" "$left_out $first" || echo "${path##*/}"
    done
}

[ $# -gt 0 ] || set -- $(all)
lines=$(command_lines "$@")
echo "$lines" | xargs -L 1 -P 2 -t valgrind -q --error-exitcode=9 --leak-check=full \
    --errors-for-leak-kinds=definite --suppressions=tests/valgrind.supp
