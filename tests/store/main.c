/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fault injection for core/store: see proof.h. Prints one row per campaign.
 *
 *     store_proof                   exhaustive, some minutes
 *     store_proof --only FAULT      only one of enum fault: cut, twice, ...
 *     store_proof --shape SHAPE     only this one, as in the table: 4x4096/8x
 *     store_proof --quick           a subset, for slow builds
 *     store_proof --random SECONDS [--seed N]    soak: random shapes, loads and faults
 *     store_proof --replay "..."    one trial, as printed when it failed
 *     store_proof --contents        what it finds on flash that it has not written
 *     store_proof --injected-bugs   flash drivers with a bug, each of which must be found
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

/* Limit of a trial in CPU seconds, so that a busy machine does not matter. */
enum { HANG_S = 60 };

static void report_crash(int signal)
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
    signal(SIGVTALRM, report_crash);
    signal(SIGSEGV, report_crash);
    signal(SIGBUS, report_crash);
    signal(SIGFPE, report_crash);
    signal(SIGABRT, report_crash);
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
    printf("%-8s %-12s %-8s %9s %8s %8s", "fault", "shape", "load", "trials", "old", "new");
    for (int f = FOUND_OLDER; f < FINDINGS; f++)
        printf(" %s", finding_names[f]);
    printf("     s\n");
}

static const char *shape_name(const struct shape *s)
{
    static char name[40];
    char letters[8];

    snprintf(name, sizeof name, "%ux%u/%u%s", (unsigned)s->sectors, (unsigned)s->sector_size,
             (unsigned)s->unit, kind_letters(s->kind, letters));
    return name;
}

static void print_row(const struct campaign *c, const struct tally *t, double seconds)
{
    printf("%-8s %-12s %-8s %9llu %8llu %8llu", fault_names[c->fault], shape_name(&c->shape),
           c->load->name, (unsigned long long)t->trials, (unsigned long long)t->found[FOUND_OLD],
           (unsigned long long)t->found[FOUND_NEW]);
    for (int f = FOUND_OLDER; f < FINDINGS; f++)
        printf(" %*llu", (int)strlen(finding_names[f]), (unsigned long long)t->found[f]);
    printf(" %5.1f\n", seconds);
    fflush(stdout);
}

static struct tally all;

static const char *only, *only_shape; /* NULL, or the name of a fault or shape */

static void run(const struct campaign *c)
{
    struct tally tally = {0};
    double began = now();

    if ((only != NULL && strcmp(only, fault_names[c->fault]) != 0) ||
        (only_shape != NULL && strcmp(only_shape, shape_name(&c->shape)) != 0))
        return;
    run_campaign(&proof, c, &tally);
    print_row(c, &tally, now() - began);
    all.trials += tally.trials;
    for (int f = 0; f < FINDINGS; f++)
        all.found[f] += tally.found[f];
}

/* --- exhaustive --- */

static const struct shape shapes[] = {
    {2, 4096, 1, 0},
    {4, 4096, 1, 0},
    {8, 4096, 1, 0},
    {2, 4096, 4, 0},
    {4, 4096, 4, 0},
    {8, 4096, 4, 0},
    {2, 4096, 8, 0},
    {4, 4096, 8, 0},
    {8, 4096, 8, 0},
    {2, 4096, 32, 0},
    {4, 4096, 32, 0},
    {8, 4096, 32, 0},
    {2, 1024, 1, 0},
    {4, 1024, 4, 0},
    {8, 1024, 1, 0},
    {16, 1024, 8, 0},
    {32, 1024, 32, EEPROM},
    {2, 4096, 32, EEPROM},
    {2, 4096, 1, SEALED},
    {4, 2048, 8, SEALED},
    {4, 4096, 32, SEALED | EEPROM},
    {2, 4096, 4, CACHED},
    {8, 1024, 1, CACHED},
    {4, 4096, 1, SEALED | CACHED},
    {2, 2048, 8, ECC},
    {4, 2048, 8, ECC},
    {8, 2048, 8, ECC | SEALED},
    {2, 4096, 32, ECC},
    {4, 4096, 32, ECC | SEALED},
    {2, 4096, 16, ENCRYPTED},
    {4, 4096, 16, ENCRYPTED},
};

enum { ALL_SHAPES = sizeof shapes / sizeof shapes[0] };

static bool is_small(const struct shape *s)
{
    return s->sector_size == 1024;
}

/* On four sectors of 4096 bytes 60 commits are a lap of the ring. */
static void all_cuts(const struct shape *s, bool quick)
{
    const struct load *refresh = find_load("refresh");

    run(&(struct campaign){FAULT_CUT, *s, refresh, 0, quick ? 14 : 60, is_small(s) ? 8 : 2,
                           quick ? 0 : 64, 0});
    run(&(struct campaign){FAULT_TWICE, *s, refresh, 0, 1, 2, 0, 0});
    run(&(struct campaign){FAULT_TWICE, *s, refresh, 12, 13, 2, 0, 0});
    run(&(struct campaign){FAULT_MARGINAL, *s, refresh, 0, quick ? 4 : 8, 4, 0, 0});
    run(&(struct campaign){FAULT_FAIL, *s, refresh, 0, quick ? 4 : 16, 4, 0, 0});
    run(&(struct campaign){FAULT_READ, *s, refresh, 11, quick ? 12 : 15, 4, 0, 0});
}

/* Faults of parts that last: failed and wrong reads, worn sectors, words that are lost. */
static void all_parts(const struct shape *s, bool quick)
{
    for (const struct load *load = loads; load->name != NULL; load++) {
        uint32_t n = load == find_load("mixed") ? 13 : 10;

        run(&(struct campaign){FAULT_OPEN, *s, load, n, n + (quick ? 1 : 3), 4, 0, 0});
        run(&(struct campaign){FAULT_MISREAD, *s, load, n, n + (quick ? 1 : 3), 4, 0, 0});
        run(&(struct campaign){FAULT_WORN, *s, load, n, n + 1, 40, 0, 0});
        run(&(struct campaign){FAULT_DAMAGE, *s, load, 0, 40, 20, 0, quick ? 2 : 8});
    }
}

/* The other loads. Commits of many small values are slow. */
static void all_loads(const struct shape *s, bool quick)
{
    for (const struct load *load = loads + 1; load->name != NULL; load++) {
        uint32_t share = quick ? 8 : load == find_load("many") ? 4 : 1;

        run(&(struct campaign){FAULT_CUT, *s, load, 0, 48 / share, 6, 0, 0});
        if (!quick)
            run(&(struct campaign){FAULT_TWICE, *s, load, 20 / share, 20 / share + 1, 2, 0, 0});
        run(&(struct campaign){FAULT_MARGINAL, *s, load, 0, 16 / share, 4, 0, 0});
        run(&(struct campaign){FAULT_FAIL, *s, load, 0, 16 / share, 4, 0, 0});
        run(&(struct campaign){FAULT_FLIP, *s, load, 0, 60 / share, 20, 0, 8 / share});
    }
}

static void exhaustive(bool quick)
{
    static const int flipped[] = {1, 9, 14, 16};
    static const int parts[] = {1, 13, 17, 25, 26, 30};
    static const int mixes[] = {1, 13, 14, 16, 19, 22};
    const struct load *refresh = find_load("refresh");

    print_head();
    for (int i = 0; i < ALL_SHAPES; i += quick && only_shape == NULL ? 8 : 1)
        all_cuts(&shapes[i], quick);
    for (int i = 0; i < 6; i += quick ? 2 : 1)
        all_loads(&shapes[mixes[i]], quick);
    for (int i = 0; i < 6; i += quick && only_shape == NULL ? 2 : 1)
        all_parts(&shapes[parts[i]], quick);
    for (int i = 0; i < 4; i++)
        run(&(struct campaign){FAULT_FLIP, shapes[flipped[i]], refresh, 0,
                               quick    ? 20
                               : i == 0 ? 122
                                        : 102,
                               60, 0,
                               quick    ? 5
                               : i == 0 ? 30
                                        : 10});
}

static void without_faults(bool quick)
{
    static const struct shape years[] = {
        {2, 4096, 1, 0}, {4, 4096, 1, 0}, {8, 4096, 1, 0}, {4, 1024, 8, 0}};

    (void)run_contents(&proof);
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
               good ? ", erase counts differ by at most 1" : ": FAILED", now() - began);
    }
}

/* --- injected bugs --- */

/* What finds a bug must find nothing without it. */
static bool passes_without(const struct campaign *c)
{
    struct proof p = {.seed = proof.seed};
    struct tally tally = {0};

    run_campaign(&p, c, &tally);
    return p.failures == 0;
}

static bool is_found(const struct injected_bug *bug)
{
    struct proof p = {.seed = proof.seed, .quiet = true, .bug = bug};
    uint32_t unit = bug->kind & (ECC | ENCRYPTED | RAW) ? 16 : 4;
    struct campaign c = {bug->fault, {4, 1024, unit, bug->kind}, find_load("refresh"), 0, 12, 12, 0,
                         8};
    struct tally tally = {0};

    run_campaign(&p, &c, &tally);
    printf("%s %s: %llu trials", p.failures > 0 ? "found" : "NOT FOUND:", bug->name,
           (unsigned long long)tally.trials);
    for (int f = FOUND_REPORTED + 1; f < FINDINGS; f++) {
        if (tally.found[f] > 0)
            printf(", %llu %s", (unsigned long long)tally.found[f], finding_names[f]);
    }
    printf("\n");
    return p.failures > 0 && passes_without(&c);
}

static bool all_bugs_found(void)
{
    bool all_found = true;

    for (const struct injected_bug *b = injected_bugs; b->name != NULL; b++)
        all_found = is_found(b) && all_found;
    return all_found;
}

/* --- soak --- */

static unsigned random_kind(uint64_t x, uint32_t unit)
{
    unsigned kind = (unsigned)x & (SEALED | CACHED);

    switch ((x >> 8) % 4) {
    case 0:
        return kind | (unit > 4 ? EEPROM : 0);
    case 1:
        return kind | (unit > 4 ? ECC : 0);
    case 2:
        return kind | (unit > 8 ? ENCRYPTED : 0);
    default:
        return kind;
    }
}

static void soak(double seconds)
{
    double until = now() + seconds;

    print_head();
    for (uint64_t i = 0; now() < until; i++) {
        uint64_t x = mix(proof.seed, i);
        uint32_t unit = (uint32_t)1 << (x >> 8) % 7;
        uint32_t size = 64 * (16 + (uint32_t)(x >> 12) % 100) + 32 * unit; /* all loads fit */
        struct shape s = {2 + (uint32_t)(x >> 20) % 9, size, unit, random_kind(x >> 30, unit)};
        uint32_t from = (uint32_t)(x >> 36) % 200;

        run(&(struct campaign){(enum fault)((x >> 50) % FAULTS), s, &loads[(x >> 54) % 4], from,
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
        else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
            only = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--shape") == 0)
            only_shape = argv[++i];
        else if (strcmp(argv[i], "--contents") == 0)
            return run_contents(&proof) ? 0 : 1;
        else if (strcmp(argv[i], "--injected-bugs") == 0)
            return all_bugs_found() ? 0 : 1;
        else {
            fputs("usage: store_proof [--quick] [--only FAULT] [--shape SHAPE] [--seed N] "
                  "[--random SECONDS] "
                  "[--replay LINE] [--contents] [--injected-bugs]\n",
                  stderr);
            return 2;
        }
    }
    if (seconds > 0)
        soak(seconds);
    else
        exhaustive(quick);
    if (seconds <= 0 && only == NULL && only_shape == NULL)
        without_faults(quick);
    printf("%llu trials, %u failures, seed %llu, %.0f s\n", (unsigned long long)all.trials,
           proof.failures, (unsigned long long)proof.seed, now() - began);
    return proof.failures == 0 ? 0 : 1;
}
