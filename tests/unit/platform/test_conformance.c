/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkdtemp, MAP_ANONYMOUS */

/*
 * The conformance suite with faulty ports. The POSIX port passes it with nothing skipped; then each
 * function of the contract is replaced (-Wl,--wrap) by one with a bug, one at a time, and exactly
 * the checks named here must fail.
 *
 * Each run is a process of its own, several at a time, because a suite mostly waits.
 */

#include "bad_port.h"
#include "echo_peer.h"
#include "patience.h"
#include "tk_conformance.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { AT_A_TIME = 60 };

/* --- runs --- */

struct run {
    const char *name;
    enum bug bug;
    uint32_t sector_size, sectors, unit;
    const char *failing; /* the checks that must fail, each followed by a space */
};

#define BUG(bug, failing)                                                                          \
    {                                                                                              \
#bug, bug, 4096, 4, 4, failing                                                             \
    }

static const struct run runs[] = {
    BUG(NO_BUG, ""),
    {"NO_BUG, smallest sectors", NO_BUG, 1024, 2, 1, ""},
    {"NO_BUG, largest units", NO_BUG, 1024, 3, 256, ""},
    {"NO_BUG, large sectors", NO_BUG, 65536, 2, 16, ""},
    {"NO_BUG, odd units", NO_BUG, 1300, 5, 13, ""},
    BUG(CLOCK_STOPPED, "clock.runs "),
    BUG(CLOCK_RUNS_BACK, "clock.monotonic "),
    BUG(CLOCK_DOUBLE, "clock.rate clock.rate_of_peer "),
    BUG(CLOCK_HALF, "clock.rate clock.rate_of_peer "),
    BUG(CLOCK_DOUBLE_WITHOUT_WALL, "clock.rate_of_peer "),
    BUG(WALL_WRITES_WITHOUT_TIME, "clock.wall "),
    BUG(WALL_OF_CONSOLE, "clock.wall "),
    BUG(WALL_IN_MS, "clock.wall clock.rate "),
    BUG(WAIT_LATE, "wait.punctual "),
    BUG(WAIT_SLEEPS_IN_PAST, "wait.past "),
    BUG(WAIT_SPINS, "wait.sleeps "),
    BUG(WAIT_IGNORES_EVENTS, "sock.wakes "),
    BUG(ENTROPY_WRITES_UNSEEDED, "entropy.outcome "),
    BUG(ENTROPY_UNKNOWN_RESULT, "entropy.outcome "),
    BUG(ENTROPY_SHORT, "entropy.fills "),
    BUG(ENTROPY_REPEATS, "entropy.fresh "),
    BUG(ENTROPY_STUCK, "entropy.fresh "),
    BUG(ENTROPY_OVERRUNS, "entropy.any_length "),
    BUG(ENTROPY_REFUSES_LENGTH_0, "entropy.any_length "),
    BUG(FLASH_BAD_GEOMETRY, "flash.geometry "),
    BUG(FLASH_ERASE_SHORT, "flash.erase "),
    BUG(FLASH_ERASE_NEIGHBOUR, "flash.sectors "),
    BUG(FLASH_ERASE_SLOW, "flash.erase_steps "),
    BUG(FLASH_PROGRAM_NEIGHBOUR, "flash.unit flash.page flash.sectors flash.read flash.twice "),
    BUG(FLASH_PAGE_WRAPS, "flash.page "),
    BUG(FLASH_UNIT_IS_8, "flash.unit flash.twice "),
    BUG(FLASH_ALIASES, "flash.sectors "),
    BUG(FLASH_IGNORES_PROGRAM, "flash.unit flash.page flash.sectors flash.read flash.twice "),
    BUG(FLASH_ALIGNS_READS, "flash.read "),
    BUG(FLASH_READ_OVERRUNS, "flash.read "),
    BUG(FLASH_ERASED_IS_NOISE, "flash.erase flash.unit flash.page flash.twice "),
    BUG(FLASH_ERASED_IS_UNREADABLE, "flash.erase flash.unit flash.page flash.twice "),
    BUG(FLASH_TWICE_SPOILS_NEIGHBOUR, "flash.twice "),
    BUG(FLASH_TWICE_IS_UNREADABLE, ""), /* as flash with ECC does */
    BUG(FLASH_TWICE_FOR_GOOD, "flash.twice "),
    BUG(FLASH_SYNC_FAILS, "flash.sync "),
    BUG(LOOKUP_REVERSES_BYTES, "sock.digits "),
    BUG(LOOKUP_REVERSES_IPV6, "sock.digits "),
    BUG(LOOKUP_MAPS_IPV4, "sock.digits "),
    BUG(LOOKUP_FINDS_ALL_NAMES, "sock.no_such_name "),
    BUG(LOOKUP_WITHOUT_ADDRESS, "sock.no_such_name "),
    BUG(CANCEL_LEAKS, "sock.cancel "),
    BUG(REFUSED_IS_CONNECTED, "sock.refused "),
    BUG(NO_ROOM_IS_AN_ERROR, "sock.room "),
    BUG(HANDLE_IN_USE, "sock.handles "),
    BUG(CLOSE_LEAKS, "sock.handles sock.room "),
    BUG(RECV_0_WITHOUT_DATA, "clock.rate_of_peer sock.silent sock.echo sock.wakes sock.closed "),
    BUG(RECV_0_AT_END, "sock.closed "),
    BUG(RECV_LOSES_LAST_BYTES, "sock.closed "),
    BUG(SEND_LOSES_BYTES, "sock.echo "),
    BUG(SEND_0, "sock.echo "),
    BUG(CONSOLE_READ_OVERRUNS, "console.read "),
    BUG(CONSOLE_NEVER_EMPTY, "console.read "),
    BUG(CONSOLE_WRITE_OVERCOUNTS, "console.write "),
    BUG(CONSOLE_NEVER_WRITES, "console.write "),
    BUG(ID_WITH_SPACE, "device.id "),
    BUG(ID_CHANGES, "device.id "),
    BUG(KEY_CHANGES, "device.key "),
    BUG(KEY_BLANK, "device.key "),
    BUG(WATCHDOG_HASTY, "device.watchdog "),
    BUG(WATCHDOG_HASTY, "device.watchdog "),
};

enum { RUNS = sizeof runs / sizeof runs[0] };

/* The result of a run, in memory that all processes share. */
struct outcome {
    bool done;
    int failures, checks, skipped;
    char failing[200];
    char details[800];
    size_t shown; /* bytes written to the console */
};

static struct outcome *outcomes;

static void append(char *text, size_t size, const char *s)
{
    size_t len = strlen(text);

    snprintf(text + len, size - len, "%s", s);
}

static void note(void *ctx, const char *check, const char *result, const char *detail)
{
    struct outcome *o = ctx;

    o->checks++;
    o->skipped += strcmp(result, TK_CONFORMANCE_SKIPPED) == 0;
    if (strcmp(result, TK_CONFORMANCE_FAILED) != 0)
        return;
    append(o->failing, sizeof o->failing, check);
    append(o->failing, sizeof o->failing, " ");
    append(o->details, sizeof o->details, detail);
    append(o->details, sizeof o->details, "\n");
}

static const char words[] = "the console is looked at: these words may be ignored\r\n";

static void try_port(const struct run *run, struct tk_port *port, const struct tk_flash *flash,
                     struct outcome *o)
{
    struct tk_flash scratch = bad_port_flash(flash);
    struct tk_conformance suite = {.port = port,
                                   .scratch = &scratch,
                                   .peer = "127.0.0.1",
                                   .peer_port = echo_peer_port,
                                   .closed_port = echo_closed_port,
                                   .text = words,
                                   .line = 1,
                                   .report = note,
                                   .ctx = o};
    char shown[sizeof words];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return;
    tk_posix_console_attach(port, 1, ends[0], ends[0]);
    port->has_key = true;
    memcpy(port->key, "a key of thirty-two bytes, no less", sizeof port->key);
    o->failures = tk_conformance_run(&suite);
    if (run->bug == NO_BUG)
        o->shown = (size_t)recv(ends[1], shown, sizeof shown, MSG_DONTWAIT);
    close(ends[0]);
    close(ends[1]);
    o->done = true;
}

/* In a process of its own. */
static int run_suite(const struct run *run, struct outcome *o)
{
    static struct tk_port port;
    struct tk_posix_flash flash;
    char dir[] = "/tmp/tk-conformance-XXXXXX";
    char path[64];

    alarm((unsigned)(patient_ms() / 1000));
    bad_port_begin(run->bug);
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/scratch", dir);
    tk_posix_init(&port);
    if (tk_posix_flash_open(&flash, path, run->sector_size, run->sectors, run->unit) ==
        TK_POSIX_FLASH_OK) {
        try_port(run, &port, &flash.flash, o);
        tk_posix_flash_close(&flash);
    }
    tk_posix_free(&port);
    unlink(path);
    rmdir(dir);
    return 0;
}

static int run_all(void **state)
{
    size_t size = RUNS * sizeof *outcomes;
    int at_work = 0;

    (void)state;
    outcomes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcomes == MAP_FAILED || echo_peer_start() != 0)
        return -1;
    for (int i = 0; i < RUNS; i++) {
        if (at_work == AT_A_TIME && wait(NULL) > 0)
            at_work--;
        if (fork() == 0)
            _exit(run_suite(&runs[i], &outcomes[i]));
        at_work++;
    }
    while (at_work > 0 && wait(NULL) > 0)
        at_work--;
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    echo_peer_stop();
    munmap(outcomes, RUNS * sizeof *outcomes);
    return 0;
}

static int count_words(const char *s)
{
    int n = 0;

    for (; *s != '\0'; s++)
        n += *s == ' ';
    return n;
}

/* On a busy machine a good port is late. A failed run is repeated alone. */
static void run_again(const struct run *run, struct outcome *o)
{
    for (int i = 0; i < 10 && strcmp(o->failing, run->failing) != 0; i++) {
        memset(o, 0, sizeof *o);
        pid_t child = fork();

        if (child == 0)
            _exit(run_suite(run, o));
        waitpid(child, NULL, 0);
    }
}

static void each_bug_fails_exactly_its_checks(void **state)
{
    const struct run *run = *state;
    struct outcome *o = &outcomes[run - runs];

    run_again(run, o);
    if (o->details[0] != '\0')
        print_message("%s", o->details);
    assert_true(o->done);
    assert_string_equal(o->failing, run->failing);
    assert_int_equal(o->failures, count_words(run->failing));
    if (run->bug != NO_BUG)
        return;
    assert_int_equal(o->skipped, 0);
    assert_int_equal(o->shown, sizeof words - 1);
}

/* --- the details of failures --- */

/* Appends text in the form in which sentences are compared: lower case, single spaces, and no
 * asterisks, which begin lines of comments. */
static size_t add_plain(char *to, size_t size, const char *from)
{
    size_t len = strlen(to);

    for (; *from != '\0' && len + 2 < size; from++) {
        char c = (char)tolower((unsigned char)*from);

        if (c == '*' || (isspace((unsigned char)c) && len > 0 && to[len - 1] == ' '))
            continue;
        to[len++] = isspace((unsigned char)c) ? ' ' : c;
        to[len] = '\0';
    }
    return len;
}

static void add_header(char *to, size_t size, const char *name)
{
    static char text[20000];
    char path[600];

    snprintf(path, sizeof path, "%s/platform/%s", TK_SOURCE_DIR, name);
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    (void)add_plain(to, size, text);
}

/* A detail is "function: sentence". */
static void each_detail_quotes_the_contract(void **state)
{
    static const char *headers[] = {"tk_clock.h",   "tk_console_io.h", "tk_device.h",
                                    "tk_entropy.h", "tk_flash.h",      "tk_sock.h"};
    static char contract[60000];

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        add_header(contract, sizeof contract, headers[i]);
    for (int i = 0; i < RUNS; i++) {
        for (char *line = strtok(outcomes[i].details, "\n"); line; line = strtok(NULL, "\n")) {
            char sentence[200] = "";

            (void)add_plain(sentence, sizeof sentence, strchr(line, ':') + 2);
            if (strstr(contract, sentence) == NULL)
                fail_msg("not in the contract: %s", sentence);
        }
    }
}

static void an_empty_suite_skips_everything(void **state)
{
    static struct tk_port port;
    struct outcome o = {.done = true};
    struct tk_conformance suite = {.port = &port, .report = note, .ctx = &o};

    (void)state;
    tk_posix_init(&port);
    port.unseeded = true;
    assert_int_equal(tk_conformance_run(&suite), 0);
    assert_int_equal(o.checks, outcomes[0].checks);
    assert_int_equal(o.skipped, 3 + 9 + 7 + 2 + 1); /* seed, flash, peer, console, key */
    tk_posix_free(&port);
}

static void flash_can_be_checked_alone(void **state)
{
    static struct tk_port port;
    struct outcome o = {.done = true};
    struct tk_flash small = {.sector_size = 512, .sectors = 2, .unit = 1};
    struct tk_conformance suite = {.port = &port, .scratch = &small, .report = note, .ctx = &o};

    (void)state;
    tk_posix_init(&port);
    assert_int_equal(tk_conformance_run_flash(&suite), 1); /* its geometry; then it stops */
    assert_int_equal(o.checks, 9);
    assert_int_equal(o.skipped, 8);
    tk_posix_free(&port);
}

int main(void)
{
    struct CMUnitTest tests[RUNS + 3];

    for (int i = 0; i < RUNS; i++)
        tests[i] = (struct CMUnitTest){.name = runs[i].name,
                                       .test_func = each_bug_fails_exactly_its_checks,
                                       .initial_state = (void *)(uintptr_t)&runs[i]};
    tests[RUNS] = (struct CMUnitTest)cmocka_unit_test(an_empty_suite_skips_everything);
    tests[RUNS + 1] = (struct CMUnitTest)cmocka_unit_test(each_detail_quotes_the_contract);
    tests[RUNS + 2] = (struct CMUnitTest)cmocka_unit_test(flash_can_be_checked_alone);
    return cmocka_run_group_tests(tests, run_all, end_all);
}
