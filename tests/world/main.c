/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The world in a box: see README.md here.
 *
 *     world                     what CI runs, some minutes; --quick: a portion of it
 *     world --only PART         decade, calm, dense, weeks, idle, rotation or fleet of it
 *     world --only fleet --series FILE       and what plot.py draws
 *     world --random SECONDS [--seed N]      lives by chance, for so long
 *     world --replay "KIND SEED DAYS"        one life, as it was printed when it failed, with all
 *                                            that it tells
 *     world --rules             the server's rules alone, for test_rules.py
 */

#include "life.h"
#include "parts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { HANG_S = 120 }; /* CPU seconds that no life ever takes */

static struct life life;
static unsigned failures;

/* --- lives --- */

static void print_failure(const char *what)
{
    printf("FAILED %s: world --replay \"%s %llu %llu\"\n", what, life_names[life.kind],
           (unsigned long long)life.seed, (unsigned long long)life.days);
    fflush(stdout);
}

static void tell_crash(int signal)
{
    print_failure(signal == SIGVTALRM ? "hang" : "crash");
    _exit(3);
}

static void watch(void)
{
    static const int signals[] = {SIGVTALRM, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], tell_crash);
}

static void prepare(enum life_kind kind, uint64_t seed, uint64_t days)
{
    struct itimerval hang = {.it_value = {HANG_S, 0}};

    setitimer(ITIMER_VIRTUAL, &hang, NULL);
    memset(&life, 0, sizeof life);
    life.kind = kind;
    life.seed = seed;
    life.days = days;
}

static double now(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

struct tally {
    uint64_t lives, days, requests, troubled, pairs, served, told, boots, needs_code, lost;
    uint64_t spells[WEATHER_KINDS];
    unsigned failures;
};

static void count(struct tally *t)
{
    t->lives++;
    t->days += life.gate.port.now_ms / 86400000;
    t->requests += life.gate.cloud.requests;
    t->troubled += life.gate.cloud.troubled;
    t->pairs += life.gate.cloud.pairs;
    t->served += life.oracle.served;
    t->told += life.oracle.told.raised + life.oracle.told.cleared;
    t->boots += life.gate.boots;
    t->needs_code += life.oracle.needs_code;
    t->lost += life.oracle.lost;
    for (int i = 0; i < WEATHER_KINDS; i++)
        t->spells[i] += life.weather.spells[i];
}

static bool live(struct tally *t)
{
    bool good = life_run(&life);

    count(t);
    if (!good) {
        char what[200];

        snprintf(what, sizeof what, "(%c) at %.3f s, %s", life.oracle.broken,
                 (double)life.oracle.at_ms / 1000, life.oracle.words);
        print_failure(what);
        t->failures++;
        failures++;
    }
    life_free(&life);
    return good;
}

/* --- the table --- */

static void print_head(void)
{
    printf("%-6s %7s %9s %10s %9s %10s %8s %7s %7s %6s %6s %7s\n", "part", "lives", "years",
           "requests", "troubled", "pairs", "served", "told", "boots", "code", "lost", "s");
}

static void print_row(const char *part, const struct tally *t, double seconds)
{
    printf("%-6s %7llu %9.1f %10llu %9llu %10llu %8llu %7llu %7llu %6llu %6llu %7.1f\n", part,
           (unsigned long long)t->lives, (double)t->days / 365, (unsigned long long)t->requests,
           (unsigned long long)t->troubled, (unsigned long long)t->pairs,
           (unsigned long long)t->served, (unsigned long long)t->told, (unsigned long long)t->boots,
           (unsigned long long)t->needs_code, (unsigned long long)t->lost, seconds);
    fflush(stdout);
}

static void run(const char *part, enum life_kind kind, uint64_t seed, uint64_t lives, uint64_t days)
{
    struct tally tally = {0};
    double began = now();

    for (uint64_t i = 0; i < lives; i++) {
        prepare(kind, seed + i, days);
        live(&tally);
    }
    print_row(part, &tally, now() - began);
}

/* --- by chance --- */

static void print_weather(const struct tally *t)
{
    printf("spells:");
    for (int i = 0; i < WEATHER_KINDS; i++)
        printf(" %s %llu", weather_names[i], (unsigned long long)t->spells[i]);
    printf("\n");
}

/* Also seconds of a clock on the wall: it is told how long it may run. */
static void by_chance(double seconds, uint64_t seed)
{
    struct tally tally = {0}, dense = {0}, weeks = {0};
    double began = now();
    time_t until = time(NULL) + (time_t)seconds;

    print_head();
    for (uint64_t i = 0; time(NULL) < until; i++) {
        bool is_dense = i % 2 == 0;

        prepare(is_dense ? LIFE_DENSE : LIFE_WEEKS, seed + i, is_dense ? 365 : 21);
        live(is_dense ? &dense : &weeks);
    }
    tally = dense;
    for (int i = 0; i < WEATHER_KINDS; i++)
        tally.spells[i] += weeks.spells[i];
    print_row("dense", &dense, now() - began);
    print_row("weeks", &weeks, now() - began);
    print_weather(&tally);
}

static int replay(const char *line)
{
    struct tally tally = {0};
    unsigned long long seed, days;
    char name[16];

    if (sscanf(line, "%15s %llu %llu", name, &seed, &days) != 3)
        return 2;
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, life_names[i]) != 0)
            continue;
        prepare((enum life_kind)i, seed, days);
        life.trace = true;
        return live(&tally) ? 0 : 1;
    }
    return 2;
}

/* --- whether it can be believed --- */

/* What a life leaves behind, in one number. */
static uint64_t trace_of(enum life_kind kind, uint64_t seed, uint64_t days, bool awake)
{
    uint64_t sum;

    prepare(kind, seed, days);
    life.awake = awake;
    (void)life_run(&life);
    sum = life.gate.cloud.random ^ life.gate.port.random ^ life.weather.random ^
          life.gate.touches << 32 ^ life.gate.flash.operations << 16 ^ life.gate.cloud.last.at_ms;
    life_free(&life);
    return sum;
}

/* The same seed is the same life; and a gateway that is woken only when it has something to do
 * lives like one that feeds its watchdog every 10 s. */
static unsigned is_believable(bool quick)
{
    uint64_t days = quick ? 10 : 60;
    bool same = trace_of(LIFE_DENSE, 7, days, false) == trace_of(LIFE_DENSE, 7, days, false);
    bool awake = trace_of(LIFE_WEEKS, 2, 14, false) == trace_of(LIFE_WEEKS, 2, 14, true);
    bool differs = trace_of(LIFE_DENSE, 7, days, false) != trace_of(LIFE_DENSE, 8, days, false);

    printf("the same seed, the same life: %s; awake as asleep: %s; another seed, another: %s\n",
           same ? "yes" : "FAILED", awake ? "yes" : "FAILED", differs ? "yes" : "FAILED");
    return !same + !awake + !differs;
}

/* --- what CI runs --- */

static const char *only, *series;

static bool wanted(const char *part)
{
    return only == NULL || strcmp(only, part) == 0;
}

static void exhaustive(bool quick)
{
    if (wanted("believe"))
        failures += is_believable(quick);
    print_head();
    if (wanted("decade"))
        run("decade", LIFE_CALM, 1, 1, quick ? 365 : 3652);
    if (wanted("calm"))
        run("calm", LIFE_CALM, 2, quick ? 4 : 50, quick ? 30 : 3652);
    if (wanted("dense"))
        run("dense", LIFE_DENSE, 1, quick ? 60 : 5000, 365);
    if (wanted("weeks"))
        run("weeks", LIFE_WEEKS, 1, quick ? 30 : 500, 14);
    if (wanted("idle"))
        run("idle", LIFE_IDLE, 1, quick ? 3 : 100, 365);
    if (wanted("rotation"))
        failures += rotation_run(quick);
    if (wanted("fleet"))
        failures += fleet_run(quick, series);
}

static int usage(void)
{
    fputs("usage: world [--quick] [--only PART] [--series FILE] [--random S] [--seed N] [--replay "
          "LINE] "
          "[--rules]\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    double seconds = 0, began = now();
    bool quick = false;

    watch();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
            only = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--series") == 0)
            series = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--random") == 0)
            seconds = atof(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--replay") == 0)
            return replay(argv[++i]);
        else if (strcmp(argv[i], "--rules") == 0)
            return rules_ask();
        else
            return usage();
    }
    if (seconds > 0)
        by_chance(seconds, seed);
    else
        exhaustive(quick);
    printf("%u failures, %.0f s of one core\n", failures, now() - began);
    return failures == 0 ? 0 : 1;
}
