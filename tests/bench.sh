#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Measures one OAuth refresh, ours beside others, in about a minute: instructions, heap, bytes
# on the wire. Exits 0 when it measured, whatever the numbers. The report is build/bench/report.md.
#
#     tests/bench.sh            measures and prints
#     tests/bench.sh --write    and places the report in README.md, where that has the markers
#     tests/bench.sh --check    ours and the floor alone; fails where README tells another ratio
set -eu
. "$(dirname "$0")/setup.sh"

need_to_build
need valgrind nginx-light
targets="bench_ours bench_floor bench_meter"
[ "${1:-}" = --check ] || {
    need curl jq libcurl4-openssl-dev
    targets=bench
}
say "building"
mkdir -p build/bench
{
    cmake -S . -B build/bench -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DTK_TESTS=OFF -DTK_BENCH=ON && cmake --build build/bench --target $targets
} >build/bench/build.log 2>&1 || { cat build/bench/build.log; exit 1; }
exec python3 tests/bench/run.py build/bench "$@"
