#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs each fuzz target for so many seconds, 2 by default, from the seeds and from what earlier runs
# found interesting (build/fuzz/TARGET). Stops at the first fault and prints the file that repeats it.
#
#     tests/fuzz/fuzz.sh [SECONDS [TARGET...]]
#
# Installs clang and its runtime, where they are missing.
set -eu
. "$(dirname "$0")/../setup.sh"
need_to_build
need clang libclang-rt-dev libcmocka-dev libssl-dev

seconds=${1:-2}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(sed -n 's/^tk_fuzz(\([a-z]*\) .*/\1/p' tests/fuzz/CMakeLists.txt)

cmake --preset host-fuzz -DTK_TESTS=ON >/dev/null
cmake --build build/host-fuzz --target fuzz >build/host-fuzz/log || {
    tail -n 40 build/host-fuzz/log
    exit 1
}
for target in "$@"; do
    mkdir -p "build/fuzz/$target" build/fuzz/found
    words=
    [ ! -e "tests/fuzz/$target.dict" ] || words=-dict=tests/fuzz/$target.dict
    # shellcheck disable=SC2086 # no word where there is no dictionary
    build/host-fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -max_len=4500 -artifact_prefix="build/fuzz/found/$target-" -print_final_stats=1 $words \
        "build/fuzz/$target" "tests/fuzz/seeds/$target" >"build/fuzz/$target.log" 2>&1 || {
        tail -n 40 "build/fuzz/$target.log"
        exit 1
    }
    printf '%-12s %s executions, %s edges\n' "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log")" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "build/fuzz/$target.log" | tail -n 1)"
done
