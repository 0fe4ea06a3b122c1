/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The proof of core/tk_store: see proof.h. Prints one row a campaign, in the columns in which other
 * stores were measured.
 *
 *     store_proof                   all that is exhaustive, some minutes
 *     store_proof --quick           a portion of it, for builds that are slow
 *     store_proof --random SECONDS [--seed N]    shapes, loads and tears by chance, for so long
 *     store_proof --replay "..."    one trial, as it was printed when it failed
 *     store_proof --sabotage        planted faults, each of which must be found
 */

#include "proof.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct proof proof = {.seed = 1};

/* --- crashes and hangs --- */

/* CPU seconds that no trial ever takes; a busy machine does not count. */
enum { HANG_S = 60 };

static void tell_crash(int signal)
{
    printf("FAILED %s: store_proof --replay \"", signal == SIGVTALRM ? "hang" : "crash");
    print_trial(stdout, &proof.trial, proof.seed);
    printf("\"\n");
    fflush(stdout);
    _exit(3);
}

void watch_trial(void)
{
    struct itimerval hang = {.it_value = {HANG_S, 0}};

    setitimer(ITIMER_VIRTUAL, &hang, NULL);
}

static void watch(void)
{
    signal(SIGVTALRM, tell_crash);
    signal(SIGSEGV, tell_crash);
    signal(SIGBUS, tell_crash);
    signal(SIGFPE, tell_crash);
    signal(SIGABRT, tell_crash);
}

/* --- the table --- */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_head(void)
{
    printf("%-6s %-12s %-8s %9s %8s %8s", "part", "shape", "load", "trials", "old", "new");
    for (int f = FOUND_OLDER; f < FINDINGS; f++)
        printf(" %s", finding_names[f]);
    printf("     s\n");
}

static void print_row(const struct campaign *c, const struct tally *t, double seconds)
{
    char shape[32];

    snprintf(shape, sizeof shape, "%ux%u/%u%s", (unsigned)c->shape.sectors,
             (unsigned)c->shape.sector_size, (unsigned)c->shape.unit, c->shape.eeprom ? "e" : "");
    printf("%-6s %-12s %-8s %9llu %8llu %8llu", part_names[c->part], shape, c->load->name,
           (unsigned long long)t->trials, (unsigned long long)t->found[FOUND_OLD],
           (unsigned long long)t->found[FOUND_NEW]);
    for (int f = FOUND_OLDER; f < FINDINGS; f++)
        printf(" %*llu", (int)strlen(finding_names[f]), (unsigned long long)t->found[f]);
    printf(" %5.1f\n", seconds);
    fflush(stdout);
}

static struct tally all;

static void run(const struct campaign *c)
{
    struct tally tally = {0};
    double began = now();

    run_campaign(&proof, c, &tally);
    print_row(c, &tally, now() - began);
    all.trials += tally.trials;
    for (int f = 0; f < FINDINGS; f++)
        all.found[f] += tally.found[f];
}

/* --- what is exhaustive --- */

#define ALL_SHAPES 18

static const struct shape shapes[ALL_SHAPES] = {
    {2, 4096, 1, false},  {4, 4096, 1, false},  {8, 4096, 1, false},   {2, 4096, 4, false},
    {4, 4096, 4, false},  {8, 4096, 4, false},  {2, 4096, 8, false},   {4, 4096, 8, false},
    {8, 4096, 8, false},  {2, 4096, 32, false}, {4, 4096, 32, false},  {8, 4096, 32, false},
    {2, 1024, 1, false},  {4, 1024, 4, false},  {8, 1024, 1, false},   {16, 1024, 8, false},
    {32, 1024, 32, true}, {2, 4096, 32, true},
};

static bool is_small(const struct shape *s)
{
    return s->sector_size == 1024;
}

static void all_cuts(const struct shape *s, bool quick)
{
    const struct load *refresh = find_load("refresh");
    uint32_t commits = quick ? 20 : 200;

    run(&(struct campaign){PART_CUT, *s, refresh, 0, commits, is_small(s) ? 12 : 6, 64, 0});
    run(&(struct campaign){PART_AGAIN, *s, refresh, 0, quick ? 2 : is_small(s) ? 8 : 4, 4, 0, 0});
    run(&(struct campaign){PART_AGAIN, *s, refresh, 12, quick ? 14 : 17, 4, 0, 0});
    run(&(struct campaign){PART_WEAK, *s, refresh, 0, quick ? 8 : 40, 8, 0, 0});
    run(&(struct campaign){PART_FAIL, *s, refresh, 0, quick ? 8 : 40, 8, 0, 0});
    run(&(struct campaign){PART_READ, *s, refresh, 11, quick ? 12 : 18, 4, 0, 0});
}

static void all_mixes(const struct shape *s, bool quick)
{
    for (const struct load *load = loads + 1; load->name != NULL; load++) {
        run(&(struct campaign){PART_CUT, *s, load, 0, quick ? 10 : 60, 10, 64, 0});
        run(&(struct campaign){PART_AGAIN, *s, load, 20, quick ? 21 : 24, 4, 0, 0});
        run(&(struct campaign){PART_WEAK, *s, load, 0, quick ? 4 : 20, 8, 0, 0});
        run(&(struct campaign){PART_FAIL, *s, load, 0, quick ? 4 : 20, 8, 0, 0});
        run(&(struct campaign){PART_FLIP, *s, load, 0, quick ? 10 : 60, 60, 0, quick ? 2 : 10});
    }
}

static void exhaustive(bool quick)
{
    static const struct shape years[] = {
        {2, 4096, 1, false}, {4, 4096, 1, false}, {8, 4096, 1, false}, {4, 1024, 8, false}};
    static const int mixes[] = {1, 3, 13, 14, 16};
    const struct load *refresh = find_load("refresh");

    print_head();
    for (int i = 0; i < ALL_SHAPES; i += quick ? 4 : 1)
        all_cuts(&shapes[i], quick);
    for (int i = 0; i < 5; i += quick ? 2 : 1)
        all_mixes(&shapes[mixes[i]], quick);
    run(&(struct campaign){PART_FLIP, shapes[1], refresh, 0, quick ? 20 : 202, 60, 0,
                           quick ? 10 : 50});
    run(&(struct campaign){PART_FLIP, shapes[9], refresh, 0, quick ? 20 : 102, 60, 0, 10});
    run(&(struct campaign){PART_FLIP, shapes[14], refresh, 0, quick ? 20 : 102, 60, 0, 10});
    run(&(struct campaign){PART_FLIP, shapes[16], refresh, 0, quick ? 20 : 102, 60, 0, 10});
    for (int i = 0; i < ALL_SHAPES; i++) {
        watch_trial();
        run_full(&proof, &shapes[i]);
    }
    for (int i = 0; i < 4; i++) {
        double began = now();
        uint32_t commits = quick ? 2000 : i == 1 ? 210000 : 52500;

        watch_trial();
        bool good = run_wear(&proof, &years[i], commits);

        printf("wear   %ux%u/%u: %u commits%s %.1f s\n", (unsigned)years[i].sectors,
               (unsigned)years[i].sector_size, (unsigned)years[i].unit, (unsigned)commits,
               good ? ", spread at most 1" : ": FAILED", now() - began);
    }
}

/* --- by chance --- */

static void by_chance(double seconds)
{
    double until = now() + seconds;

    print_head();
    for (uint64_t i = 0; now() < until; i++) {
        uint64_t x = mix(proof.seed, i);
        uint32_t unit = (uint32_t)1 << (x >> 8) % 7;
        uint32_t size = 64 * (16 + (uint32_t)(x >> 12) % 100);
        struct shape s = {2 + (uint32_t)(x >> 20) % 9, size, unit, unit > 4 && (x >> 30) % 4 == 0};
        uint32_t from = (uint32_t)(x >> 36) % 200;

        run(&(struct campaign){(enum part)((x >> 50) % PARTS), s, &loads[(x >> 54) % 4], from,
                               from + 5, 30, 16, 40});
    }
}

int main(int argc, char **argv)
{
    double began = now(), seconds = 0;
    bool quick = false;

    watch();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            proof.seed = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--random") == 0)
            seconds = atof(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--replay") == 0)
            return replay(argv[++i]) ? 0 : 1;
        else {
            fputs("usage: store_proof [--quick] [--seed N] [--random S] [--replay LINE]\n", stderr);
            return 2;
        }
    }
    if (seconds > 0)
        by_chance(seconds);
    else
        exhaustive(quick);
    printf("%llu trials, %u failures, seed %llu, %.0f s\n", (unsigned long long)all.trials,
           proof.failures, (unsigned long long)proof.seed, now() - began);
    return proof.failures == 0 ? 0 : 1;
}
