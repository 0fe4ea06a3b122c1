#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds everything and passes every test. Works on a bare Debian bookworm; what is missing is
# installed first. Each step keeps its output in build/logs; of one that fails the end is shown.
set -eu
. "$(dirname "$0")/setup.sh"

logs=build/logs
mkdir -p $logs
rm -f $logs/*
began=$(date +%s)

# step NAME COMMAND...
step() {
    name=$1
    shift
    from=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1; then
        printf 'ok     %-30s %4s s\n' "$name" $(($(date +%s) - from))
    else
        printf 'FAILED %-30s the end of %s:\n' "$name" "$logs/$name.log"
        tail -n 60 "$logs/$name.log"
        return 1
    fi
}

build() {
    cmake --preset "$1" -DTK_TESTS=ON && cmake --build --preset "$1"
}

# What is exhaustive, or computes for long, runs under the sanitizers alone.
unit_under_valgrind() {
    find build/host/tests/unit -type f -perm -100 -name 'test_*' ! -name test_store_cuts \
        ! -name test_rotation ! -name test_rsa -print0 |
        xargs -0 -n 1 -P 2 -t valgrind -q --error-exitcode=9 --leak-check=full \
            --errors-for-leak-kinds=definite
}

# They go on for as long as one likes: here that they begin, always in the same way.
long_scripts() {
    tests/store/campaign.sh 2 1 && tests/world/years.sh 2 1
}

need_to_build
need clang libcmocka-dev libssl-dev nginx-light faketime valgrind curl clang-format \
    universal-ctags gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm socat \
    gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc

# What mostly computes, and what mostly waits, go side by side.
computing() {
    step checks python3 tests/checks/run.py --build build/host &&
        step checks-catch-what-is-planted python3 tests/checks/selftest.py &&
        step unit ctest --preset host &&
        step long-scripts long_scripts &&
        step store-figures python3 tests/store/bench/bench.py build/host --check &&
        step unit-clang ctest --preset host-clang &&
        step unit-asan ctest --preset host-asan &&
        step a-refresh-as-it-was-measured tests/bench.sh --check &&
        step bitrix24 python3 -m unittest discover -s tests/bitrix24 &&
        step unit-valgrind unit_under_valgrind
}

waiting() {
    step end-to-end python3 tests/e2e/run.py -j8 &&
        step end-to-end-asan env TOKENKEEPER=build/host-asan/tokenkeeper \
            python3 tests/e2e/run.py -j8 --quick &&
        step boards python3 tests/boards/run.py -j3 &&
        step porting python3 tests/porting/run.py
}

step build-host build host
step build-host-asan build host-asan
step build-host-clang build host-clang
waiting &
pid=$!
computing && good=yes || good=
wait $pid || good=
[ -n "$good" ] || { say "FAILED after $(($(date +%s) - began)) s"; exit 1; }
say "all tests passed in $(($(date +%s) - began)) s"
