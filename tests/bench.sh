#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Measures one OAuth refresh, ours beside others, in about a minute: instructions, heap, bytes on
# the wire. Exits 0 after measuring, whatever the numbers. The report is build/bench/report.md.
#
#     tests/bench.sh            measures and prints
#     tests/bench.sh --write    and brings the tables of tests/bench/README.md up to date
#     tests/bench.sh --check    ours and the floor only; fails when the tables show another ratio
set -eu
. "$(dirname "$0")/setup.sh"

need_to_build
need valgrind nginx-light
targets="bench_ours bench_floor bench_meter"
[ "${1:-}" = --check ] || {
    need curl jq libcurl4-openssl-dev libbearssl-dev
    targets=bench
}
say "building"
mkdir -p build/bench
{
    cmake -S . -B build/bench -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DTK_TESTS=OFF -DTK_BENCH=ON && cmake --build build/bench --target $targets
} >build/bench/build.log 2>&1 || { cat build/bench/build.log; exit 1; }
exec python3 tests/bench/run.py build/bench "$@"
