#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs each fuzz target for so many seconds, 2 by default, as many at a time as there are processors,
# from the seeds and from what earlier runs found interesting (build/fuzz/TARGET). Prints of each how
# many inputs it executed, the edges of the program that it has reached so far, and how many inputs it
# has executed since it reached the last of them. Fails where one finds a fault, and prints the file
# that repeats it.
#
#     tests/fuzz/fuzz.sh [SECONDS [TARGET...]]
#     tests/fuzz/fuzz.sh --soak HOURS [TARGET...]     one after another, 60 s each, over and over
#     tests/fuzz/fuzz.sh --report                     what all runs so far have done, as a table
#
# Installs clang and its runtime, where they are missing.
set -eu
. "$(dirname "$0")/../setup.sh"

runs=build/fuzz/runs

# targets: all of them.
targets() {
    sed -n 's/^tk_fuzz(\([a-z]*\) .*/\1/p' tests/fuzz/CMakeLists.txt
}

# number NAME: a figure at the end of the log.
number() {
    sed -n "s/^stat::$1: *//p" "$log"
}

# edges: at the end of the log, and how many inputs came after the last new one.
edges() {
    awk '/ cov: / { sub("#", "", $1); edges = $4; at = $1
                    if (edges > most) { most = edges; last = $2 == "INITED" ? 0 : at } }
         /^stat::number_of_executed_units/ { executed = $2 }
         END { print most + 0, executed - last }' "$log"
}

# run TARGET SECONDS
run() {
    log=build/fuzz/$1.log
    mkdir -p "build/fuzz/$1" build/fuzz/found
    words=
    [ ! -e "tests/fuzz/$1.dict" ] || words=-dict=tests/fuzz/$1.dict
    # A short run, as in CI, tries the same inputs each time, as far as it gets.
    [ "$2" -gt 10 ] || words="$words -seed=1"
    # Whole gateways have so many edges that to weigh them all costs a third of the time.
    case $1 in server | console | control | ca) words="$words -entropic=0" ;; esac
    # shellcheck disable=SC2086 # no word where there is no dictionary
    build/host-fuzz/tests/fuzz/fuzz_"$1" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 \
        -max_len=4500 -artifact_prefix="build/fuzz/found/$1-" -print_final_stats=1 $words \
        "build/fuzz/$1" "tests/fuzz/seeds/$1" >"$log" 2>&1 || {
        echo "FAILED $1, the end of $log:"
        tail -n 40 "$log"
        echo "repeat it: build/host-fuzz/tests/fuzz/fuzz_$1 build/fuzz/found/$1-..."
        return 1
    }
    # shellcheck disable=SC2046 # two words
    set -- "$1" "$2" "$(number number_of_executed_units)" $(edges)
    printf '%-12s %9s executions, %5s edges, the last %9s executions ago\n' "$1" "$3" "$4" "$5"
    echo "$*" >>$runs
}

# soak SECONDS TARGET...
soak() {
    end=$(($(date +%s) + $1))
    shift
    while :; do
        for target in "$@"; do
            [ "$(date +%s)" -lt $end ] || return 0
            run "$target" 60
        done
    done
}

# report: sums the runs of each target.
report() {
    echo '| target | hours | executions | edges | since the last new edge |'
    echo '|---|---:|---:|---:|---:|'
    awk '{ if (!($1 in executed)) names[++count] = $1
           seconds[$1] += $2; executed[$1] += $3
           since[$1] = $4 > edges[$1] ? $5 : since[$1] + $3
           if ($4 > edges[$1]) edges[$1] = $4 }
         END { for (i = 1; i <= count; i++) { n = names[i]
                   printf "| `%s` | %.1f | %d | %d | %d |\n", n, seconds[n] / 3600, executed[n],
                          edges[n], since[n] } }' $runs
}

case ${1-} in
--one) # SECONDS TARGET, of a tree that is built
    run "$3" "$2"
    exit
    ;;
--report)
    report
    exit
    ;;
esac

# known NUMBER [TARGET...]
known() {
    case $1 in *[!0-9]*) echo "'$1' is not a number of seconds or hours" && exit 2 ;; esac
    shift
    for target in "$@"; do
        targets | grep -qx "$target" && continue
        echo "there is no target $target, but $(targets | tr '\n' ' ')"
        exit 2
    done
}

if [ "${1-}" = --soak ]; then
    shift
    known "${@:-none}"
    set -- --soak "$@"
elif [ $# -gt 0 ]; then
    known "$@"
    [ "$1" -gt 0 ] || { echo "0 seconds would have no end" && exit 2; }
fi
echo "building the targets, which takes minutes the first time"
need_to_build
need clang libclang-rt-dev libcmocka-dev libssl-dev
cmake --preset host-fuzz -DTK_TESTS=ON >/dev/null
cmake --build build/host-fuzz --target fuzz >build/host-fuzz/log || {
    tail -n 40 build/host-fuzz/log
    exit 1
}
if [ "${1-}" = --soak ]; then
    hours=$2
    shift 2
    # shellcheck disable=SC2046 # a word each
    [ $# -gt 0 ] || set -- $(targets)
    soak $((hours * 3600)) "$@"
    exit
fi
seconds=${1:-2}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2046 # a word each
[ $# -gt 0 ] || set -- $(targets)
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 tests/fuzz/fuzz.sh --one "$seconds"
