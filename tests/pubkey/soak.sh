#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The differential test and the fuzzer of public-key arithmetic for as long as you like, in limbs of 32
# and of 64 bits at the same time; then the instructions of two scalars a second are counted. A case
# that fails is printed with the options that repeat it; an input that does is kept in build/fuzz.
# Missing packages are installed through apt.
#
#     tests/pubkey/soak.sh [SECONDS [SEED]]      600 s; the seed is the time of day
set -eu
. "$(dirname "$0")/../setup.sh"

seconds=${1:-600}
seed=${2:-$(date +%s)}

# build PRESET TARGET...
build() {
    preset=$1
    shift
    cmake --preset "$preset" -DTK_TESTS=ON >/dev/null
    cmake --build --preset "$preset" --target "$@" >/dev/null
}

# both COMMAND: for each size of limbs, at the same time.
both() {
    "$@" 32 &
    narrow=$!
    "$@" 64 &
    wide=$!
    status=0
    wait $narrow || status=1
    wait $wide || status=1
    return $status
}

differential() {
    "build/host/tests/pubkey/differential_alone_$1" --seconds $((seconds / 2)) --seed "$seed"
}

# The corpus grows from one run to the next.
fuzz() {
    mkdir -p "build/fuzz/$1"
    "build/host-clang/tests/pubkey/fuzz_$1" -max_total_time=$((seconds / 2)) -seed="$seed" \
        -artifact_prefix="build/fuzz/$1-" "build/fuzz/$1" build/host-clang/tests/pubkey/corpus \
        >"build/fuzz/$1.log" 2>&1 || {
        sed -n '/ERROR/,$p' "build/fuzz/$1.log"
        return 1
    }
    echo "fuzzer in limbs of $1 bits: $(tail -n 1 "build/fuzz/$1.log")"
}

need_to_build
need clang libssl-dev valgrind gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm
build host differential_alone_32 differential_alone_64
build host-clang fuzz_32 fuzz_64 pubkey_corpus
echo "seed $seed"
both differential
both fuzz
python3 tests/pubkey/cortex_m3.py --scalars $((2 * seconds))
