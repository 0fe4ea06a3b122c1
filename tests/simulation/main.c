/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Simulation of whole gateways in virtual time, see README.md.
 *
 *     simulation                     all parts, some minutes; --quick: a portion of each
 *     simulation --only PART         one of: repeatable decade calm dense weeks idle rotation fleet
 *     simulation --only fleet --series FILE      writes what plot_fleet.py draws
 *     simulation --soak SECONDS [--seed N]       soak runs for so long, each with another seed
 *     simulation --replay "KIND SEED DAYS"       one soak run, as printed when it failed, with a
 *                                                trace
 */

#include "parts.h"
#include "soak.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { HANG_S = 120 }; /* CPU seconds; no soak run takes as many */

static struct soak soak;
static unsigned failures;

/* --- soak runs --- */

static void print_failure(const char *what)
{
    printf("FAILED %s: simulation --replay \"%s %llu %llu\"\n", what, soak_names[soak.kind],
           (unsigned long long)soak.seed, (unsigned long long)soak.days);
    fflush(stdout);
}

static void on_signal(int signal)
{
    print_failure(signal == SIGVTALRM ? "hang" : "crash");
    _exit(3);
}

static void catch_signals(void)
{
    static const int signals[] = {SIGVTALRM, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], on_signal);
}

static void prepare(enum soak_kind kind, uint64_t seed, uint64_t days)
{
    struct itimerval hang = {.it_value = {HANG_S, 0}};

    setitimer(ITIMER_VIRTUAL, &hang, NULL);
    memset(&soak, 0, sizeof soak);
    soak.kind = kind;
    soak.seed = seed;
    soak.days = days;
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

struct tally {
    uint64_t runs, days, requests, faulty, pairs, served, alerts, boots, needs_code, lost;
    uint64_t episodes[INJECTIONS];
};

static void count(struct tally *t)
{
    t->runs++;
    t->days += soak.gateway.port.now_ms / 86400000;
    t->requests += soak.gateway.server.requests;
    t->faulty += soak.gateway.server.faulty;
    t->pairs += soak.gateway.server.pairs;
    t->served += soak.invariants.served;
    t->alerts += soak.invariants.delivery.raised + soak.invariants.delivery.cleared;
    t->boots += soak.gateway.boots;
    t->needs_code += soak.invariants.needs_code;
    t->lost += soak.invariants.lost;
    for (int i = 0; i < INJECTIONS; i++)
        t->episodes[i] += soak.injector.episodes[i];
}

static bool run_one(struct tally *t)
{
    bool good = soak_run(&soak);

    count(t);
    if (!good) {
        char what[200];

        snprintf(what, sizeof what, "(%c) at %.3f s, %s", soak.invariants.violated,
                 (double)soak.invariants.at_ms / 1000, soak.invariants.detail);
        print_failure(what);
        failures++;
    }
    soak_free(&soak);
    return good;
}

/* --- the table --- */

static void print_head(void)
{
    printf("%-6s %6s %7s %9s %7s %9s %8s %7s %7s %10s %6s %7s\n", "part", "runs", "years",
           "requests", "faulty", "pairs", "served", "alerts", "boots", "needs_code", "lost", "s");
}

static void print_row(const char *part, const struct tally *t, double seconds)
{
    printf("%-6s %6llu %7.1f %9llu %7llu %9llu %8llu %7llu %7llu %10llu %6llu %7.1f\n", part,
           (unsigned long long)t->runs, (double)t->days / 365, (unsigned long long)t->requests,
           (unsigned long long)t->faulty, (unsigned long long)t->pairs,
           (unsigned long long)t->served, (unsigned long long)t->alerts,
           (unsigned long long)t->boots, (unsigned long long)t->needs_code,
           (unsigned long long)t->lost, seconds);
    fflush(stdout);
}

static void run(const char *part, enum soak_kind kind, uint64_t seed, uint64_t runs, uint64_t days)
{
    struct tally tally = {0};
    double began = cpu_s();

    for (uint64_t i = 0; i < runs; i++) {
        prepare(kind, seed + i, days);
        run_one(&tally);
    }
    print_row(part, &tally, cpu_s() - began);
}

/* --- open-ended --- */

static void print_episodes(const struct tally *dense, const struct tally *weeks)
{
    printf("episodes:");
    for (int i = 0; i < INJECTIONS; i++)
        printf(" %s %llu", injection_names[i],
               (unsigned long long)(dense->episodes[i] + weeks->episodes[i]));
    printf("\n");
}

/* Seconds of the wall clock. */
static void soak_for(double seconds, uint64_t seed)
{
    struct tally dense = {0}, weeks = {0};
    double began = cpu_s();
    time_t until = time(NULL) + (time_t)seconds;

    print_head();
    for (uint64_t i = 0; time(NULL) < until; i++) {
        bool is_dense = i % 2 == 0;

        prepare(is_dense ? SOAK_DENSE : SOAK_WEEKS, seed + i, is_dense ? 365 : 21);
        run_one(is_dense ? &dense : &weeks);
    }
    print_row("dense", &dense, cpu_s() - began);
    print_row("weeks", &weeks, cpu_s() - began);
    print_episodes(&dense, &weeks);
}

static int replay(const char *line)
{
    struct tally tally = {0};
    unsigned long long seed, days;
    char name[16];

    if (sscanf(line, "%15s %llu %llu", name, &seed, &days) != 3)
        return 2;
    for (int i = 0; i < SOAK_KINDS; i++) {
        if (strcmp(name, soak_names[i]) != 0)
            continue;
        prepare((enum soak_kind)i, seed, days);
        soak.trace = true;
        return run_one(&tally) ? 0 : 1;
    }
    return 2;
}

/* --- whether a run can be repeated --- */

/* A fingerprint of a run. */
static uint64_t fingerprint(enum soak_kind kind, uint64_t seed, uint64_t days, bool watchdog)
{
    const struct gateway *g = &soak.gateway;
    uint64_t sum;

    prepare(kind, seed, days);
    soak.watchdog = watchdog;
    (void)soak_run(&soak);
    sum = g->server.random ^ g->port.random ^ soak.injector.random ^ g->net_calls << 32 ^
          g->flash.operations << 16 ^ g->server.grant.at_ms;
    soak_free(&soak);
    return sum;
}

/* The same seed gives the same run, another seed another; and passes that only feed a watchdog
 * change nothing. */
static unsigned check_repeatable(bool quick)
{
    uint64_t days = quick ? 10 : 60;
    uint64_t dense = fingerprint(SOAK_DENSE, 7, days, false);
    bool same = dense == fingerprint(SOAK_DENSE, 7, days, false);
    bool differs = dense != fingerprint(SOAK_DENSE, 8, days, false);
    bool fed = fingerprint(SOAK_WEEKS, 6, 14, false) == fingerprint(SOAK_WEEKS, 6, 14, true);

    printf("same seed, same run: %s; another seed, another run: %s; watchdog passes change nothing:"
           " %s\n",
           same ? "yes" : "FAILED", differs ? "yes" : "FAILED", fed ? "yes" : "FAILED");
    return !same + !differs + !fed;
}

/* --- all parts --- */

static const char *only, *series;

static bool wanted(const char *part)
{
    return only == NULL || strcmp(only, part) == 0;
}

static void run_parts(bool quick)
{
    if (wanted("repeatable"))
        failures += check_repeatable(quick);
    print_head();
    if (wanted("decade"))
        run("decade", SOAK_CALM, 1, 1, quick ? 365 : 3652);
    if (wanted("calm"))
        run("calm", SOAK_CALM, 2, quick ? 4 : 3, quick ? 30 : 3652);
    if (wanted("dense"))
        run("dense", SOAK_DENSE, 1, quick ? 60 : 1000, 365);
    if (wanted("weeks"))
        run("weeks", SOAK_WEEKS, 1, quick ? 30 : 250, 14);
    if (wanted("idle"))
        run("idle", SOAK_IDLE, 1, quick ? 3 : 100, 365);
    if (wanted("rotation"))
        failures += rotation_run(quick);
    if (wanted("fleet"))
        failures += fleet_run(quick, series);
}

static int usage(void)
{
    fputs("usage: simulation [--quick] [--only PART] [--series FILE] [--soak SECONDS] [--seed N] "
          "[--replay \"KIND SEED DAYS\"]\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    double seconds = 0, began = cpu_s();
    bool quick = false;

    catch_signals();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
            only = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--series") == 0)
            series = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--soak") == 0)
            seconds = atof(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--replay") == 0)
            return replay(argv[++i]);
        else
            return usage();
    }
    if (seconds > 0)
        soak_for(seconds, seed);
    else
        run_parts(quick);
    printf("%u failures, %.0f s of one core\n", failures, cpu_s() - began);
    return failures == 0 ? 0 : 1;
}
