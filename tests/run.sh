#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds everything and runs every test. Works on a bare Debian bookworm; missing packages are
# installed first.
#
#     tests/run.sh              everything
#     tests/run.sh --quick      before a commit: under a minute where the tree is built
#     tests/run.sh --list       the steps, unit tests, end-to-end and board test classes
#     tests/run.sh NAME...      some of those: a step, test_url, Provision, Killed, Killed.test_x
#
# The output of a step goes to build/logs/STEP.log, its seconds to build/logs/seconds; of a step
# that fails the end is shown. Ctrl-C ends all that runs.
set -eu
. "$(dirname "$0")/setup.sh"

logs=build/logs
began=$(date +%s)

# Lane | step | what it does | command. The lanes compute and wait run side by side: one mostly
# computes, the other mostly waits.
table() {
    cat <<'END'
build   | build-host       | the host program and its tests, gcc | cmake --preset host -DTK_TESTS=ON && cmake --build --preset host
build   | build-host-asan  | the same with address and undefined-behaviour sanitizers | cmake --preset host-asan -DTK_TESTS=ON && cmake --build --preset host-asan
build   | build-host-clang | the same with clang | cmake --preset host-clang -DTK_TESTS=ON && cmake --build --preset host-clang
build   | build-mbedtls    | the host program with mbedTLS's public-key arithmetic | cmake --preset host-mbedtls -DTK_TESTS=ON && cmake --build --preset host-mbedtls
build   | build-coverage   | core and its unit tests, counting lines and branches | cmake --preset host-coverage -DTK_TESTS=ON && cmake --build --preset host-coverage
compute | checks           | rules of the tree: rooms, symbols, limits, format, sizes, READMEs | python3 tests/checks/run.py --build build/host
compute | unit             | unit tests, store proof, simulation | ctest --preset host
compute | soak             | the open-ended soak tests, for 2 s each | tests/store/soak.sh 2 1 && tests/simulation/soak.sh 2 1 && tests/pubkey/soak.sh 2 1 && python3 tests/pubkey/mutants.py build/host --seconds 2
compute | store-figures    | the store's figures in its README | python3 tests/store/bench/bench.py build/host --check
compute | pubkey-figures   | the cost of public keys in their README | python3 tests/pubkey/figures.py build/host --check
compute | unit-mbedtls     | unit tests of TLS with mbedTLS's public-key arithmetic | ctest --preset host-mbedtls
compute | unit-asan        | unit tests under sanitizers | ctest --preset host-asan
compute | unit-clang       | unit tests, compiled by clang | ctest --preset host-clang
compute | bench            | instructions of a refresh, as README has them | tests/bench.sh --check
compute | bitrix24         | the tests' own Bitrix24 | python3 -m unittest discover -s tests/bitrix24
compute | coverage         | lines and branches of core that its unit tests run | python3 tests/coverage/run.py build/host-coverage
compute | porting          | the porting guide, followed | python3 tests/porting/run.py
compute | unit-valgrind    | unit tests under valgrind | tests/valgrind.sh build/host
wait    | end-to-end       | the host program against real TLS servers | python3 tests/e2e/run.py -j12
wait    | end-to-end-asan  | the same under sanitizers, without the slow ones | TOKENKEEPER=build/host-asan/tokenkeeper python3 tests/e2e/run.py -j10 --quick
wait    | e2e-mbedtls      | certificates with mbedTLS's public-key arithmetic | TOKENKEEPER=build/host-mbedtls/tokenkeeper python3 tests/e2e/run.py -j8 Certificates AddedRoots Servers
wait    | servers          | authorization servers from npm | python3 tests/servers/run.py -j2
wait    | boards           | the firmware of each board in QEMU | python3 tests/boards/run.py -j5
wait    | web              | the page in Chromium, over serial lines | python3 tests/web/run.py -j3
wait    | mutation         | mutants of core that unit tests find, for 2 s | python3 tests/mutation/run.py build/host --seconds 2
wait    | fuzz             | the fuzz targets, for 2 s each | tests/fuzz/fuzz.sh 2 && tests/fuzz/fuzz.sh --soak 0 && tests/fuzz/fuzz.sh --report
wait    | checks-selftest  | plants an offence of each kind: the checks find it | python3 tests/checks/selftest.py
wait    | lift             | store and https, taken out of the tree by their READMEs | python3 tests/lift/run.py build/host
wait    | release          | reproducible build, bill of materials | python3 tests/release/run.py
wait    | demo             | the demo, and its picture in README | python3 tests/demo.py build/host/tokenkeeper >build/demo.txt && python3 tests/picture.py --check build/demo.txt
quick-1 | checks           | | python3 tests/checks/run.py --build build/host
quick-2 | unit-quick       | | ctest --preset host -LE exhaustive -j2
quick-2 | end-to-end-slice | | python3 tests/e2e/run.py -j4 Provision Restart RefusedCode Get Escalation Robustness
END
}

# steps LANE: its rows of the table.
steps() {
    table | grep "^$1 "
}

# command_of STEP: the command of a step of a full run, nothing where there is no such step.
command_of() {
    table | sed -n "/^[bcw][a-z]* *| $1 /s/^[^|]*|[^|]*|[^|]*| //p"
}

# --- running steps ---

# Ends a step with all that it started: it has a process group of its own. They get 10 s to clean up.
end_step() {
    trap '' TERM
    [ -n "$child" ] || exit 143
    kill -s TERM -- "-$child" 2>/dev/null || :
    wait "$child" 2>/dev/null || :
    left=50
    while [ $left -gt 0 ] && kill -s 0 -- "-$child" 2>/dev/null; do
        sleep 0.2
        left=$((left - 1))
    done
    kill -s KILL -- "-$child" 2>/dev/null || :
    exit 143
}

# step NAME COMMAND
step() {
    from=$(date +%s)
    setsid sh -euc "$2" >"$logs/$1.log" 2>&1 </dev/null &
    child=$!
    status=0
    wait $child || status=$?
    child=
    took=$(($(date +%s) - from))
    if [ $status = 0 ]; then
        printf 'ok     %-20s %4s s\n' "$1" $took
        printf '%s %s ok\n' "$1" $took >>$logs/seconds
    else
        printf 'FAILED %-20s %4s s, the end of %s:\n' "$1" $took "$logs/$1.log"
        tail -n 60 "$logs/$1.log"
        printf '%s %s failed\n' "$1" $took >>$logs/seconds
    fi
    return $status
}

# lane: runs rows of the table that come on its input, the next one also where one failed.
lane() {
    child=
    trap end_step TERM
    good=yes
    while IFS='|' read -r _ name _ command; do
        step "$(echo $name)" "$command" || good=
    done
    [ -n "$good" ]
}

# Ends the lanes, each by its process id, when this script is ended.
end_all() {
    trap '' INT TERM HUP
    for pid in $lanes; do kill -s TERM "$pid" 2>/dev/null || :; done
    for pid in $lanes; do wait "$pid" 2>/dev/null || :; done
    say "ended after $(($(date +%s) - began)) s"
    exit 130
}

# side_by_side FILE...: a lane for each file of rows; fails when a step of any fails.
side_by_side() {
    for rows in "$@"; do
        lane <"$rows" &
        lanes="$lanes $!"
    done
    passed=yes
    for pid in $lanes; do wait "$pid" || passed=; done
    lanes=
    [ -n "$passed" ]
}

begin() {
    mkdir -p $logs
    lanes=
    trap end_all INT TERM HUP
}

finish() {
    took=$(($(date +%s) - began))
    if [ "$1" = 0 ]; then
        printf 'all %s ok\n' $took >>$logs/seconds
        say "all passed in $took s"
    else
        say "FAILED after $took s: $(sed -n 's/ [0-9]* failed$//p' $logs/seconds | tr '\n' ' ')"
    fi
    exit "$1"
}

need_to_test() {
    need_to_build
    need clang libcmocka-dev libssl-dev nginx-light faketime valgrind curl clang-format \
        universal-ctags gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm socat \
        gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc \
        checksec systemd strace chromium tmux screen picocom minicom
}

# --- what may be asked for ---

everything() {
    need_to_test
    begin
    rm -f $logs/*
    steps build >$logs/rows-build
    steps compute >$logs/rows-compute
    steps wait >$logs/rows-wait
    side_by_side $logs/rows-build || finish 1
    side_by_side $logs/rows-compute $logs/rows-wait && finish 0 || finish 1
}

quick() {
    need_to_test
    begin
    rm -f $logs/seconds
    steps build | head -n 1 >$logs/rows-build
    steps quick-1 >$logs/rows-1
    steps quick-2 >$logs/rows-2
    side_by_side $logs/rows-build || finish 1
    side_by_side $logs/rows-1 $logs/rows-2 && finish 0 || finish 1
}

unit_tests() {
    find tests/unit -name 'test_*.c' -exec basename {} .c \; | sort
}

list() {
    echo "steps:"
    table | sed '/^quick/d' | while IFS='|' read -r _ name words _; do
        printf '    %-18s%s\n' "$(echo $name)" "$words"
    done
    for kind in unit e2e boards; do
        case $kind in
            unit) printf '\nunit tests:\n' && unit_tests ;;
            e2e) printf '\nend-to-end test classes:\n' && python3 tests/e2e/run.py --list ;;
            boards) printf '\nboard test classes:\n' && python3 tests/boards/run.py --list ;;
        esac | sed '/:$/!s/^\(.\)/    \1/'
    done
}

# rows_of NAME: a row for each thing that has this name.
rows_of() {
    command=$(command_of "$1")
    [ -z "$command" ] || echo "named | $1 | | $command"
    class=${1%%.*}
    unit_tests | grep -x "$1" >/dev/null && echo "named | $1 | | ctest --preset host --no-tests=error -R '^$1\$'"
    python3 tests/e2e/run.py --list | grep -x "$class" >/dev/null &&
        echo "named | end-to-end-$1 | | python3 tests/e2e/run.py -j4 $1"
    python3 tests/boards/run.py --list | grep -x "$class" >/dev/null &&
        echo "named | boards-$1 | | python3 tests/boards/run.py -j2 $1"
    :
}

named() {
    need_to_test
    begin
    : >$logs/rows-named
    for name in "$@"; do
        rows_of "$name" >$logs/rows-one
        [ -s $logs/rows-one ] || { echo "tests/run.sh: nothing is called $name; see --list" >&2; exit 2; }
        cat $logs/rows-one >>$logs/rows-named
    done
    rm -f $logs/seconds
    steps build | head -n 1 >$logs/rows-build
    case $* in *-asan* | *-clang*) steps build >$logs/rows-build ;; esac
    side_by_side $logs/rows-build || finish 1
    side_by_side $logs/rows-named && finish 0 || finish 1
}

case ${1:-} in
    '') everything ;;
    --quick) quick ;;
    --list) list ;;
    -h | --help) sed -n '4,13s/^# \{0,1\}//p' "$0" ;;
    -*) echo "tests/run.sh: no option $1; see --help" >&2 && exit 2 ;;
    *) named "$@" ;;
esac
