/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our arithmetic against OpenSSL's and mbedTLS's own.
 *
 *     differential [--edges] [--cases N | --seconds N] [--seed N] [--first N]
 *
 * First, with --edges, each edge of each order as a scalar. A case follows from the seed and its
 * number only. A case that fails is printed with the options that repeat it.
 */
#include "differential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    bool edges;
    uint64_t cases, seconds, seed, first;
};

/* --- each edge --- */

static bool check_edge(struct curve *c, unsigned i, const BIGNUM *k)
{
    struct rng rng;

    rng_start(&rng, 0, i);
    if (check_public(c, k) && check_shared(c, &rng, k))
        return true;
    printf("edge %u of a curve of %u octets\n", i, (unsigned)c->octets);
    return false;
}

static bool check_edges(void)
{
    bool good = true;

    for (unsigned i = 0; i < 2; i++) {
        struct curve *c = reference_curve(i);

        for (unsigned j = 0; j < edge_count(c->order); j++) {
            BIGNUM *k = edge_at(c->order, j);

            good = check_edge(c, j, k) && good;
            BN_free(k);
        }
    }
    return good;
}

/* --- at random --- */

static bool check_scalar(struct curve *c, struct rng *rng)
{
    BIGNUM *k = edge_number(rng, c->order);
    bool good = check_public(c, k) && check_shared(c, rng, k);

    BN_free(k);
    return good;
}

static bool check_case(uint64_t seed, uint64_t number)
{
    struct rng rng;

    rng_start(&rng, seed, number);
    struct curve *c = reference_curve(rng_below(&rng, 2));

    switch (rng_below(&rng, 10)) {
    case 0:
        return check_scalar(c, &rng);
    case 1:
        return check_points(c, &rng);
    case 2:
    case 3:
        return check_rsa(&rng);
    case 4:
    case 5:
        return check_field(c, &rng);
    case 6:
        return check_modulus(&rng);
    default:
        return check_ecdsa(c, &rng);
    }
}

static bool check_cases(const struct options *options)
{
    time_t end = time(NULL) + (time_t)options->seconds;
    uint64_t number = options->first;
    unsigned failures = 0;

    for (; options->seconds > 0 ? time(NULL) < end : number - options->first < options->cases;
         number++) {
        if (check_case(options->seed, number))
            continue;
        printf("FAILED: --seed %llu --first %llu --cases 1\n", (unsigned long long)options->seed,
               (unsigned long long)number);
        if (++failures == 10)
            break;
    }
    printf("%llu cases in limbs of %d bits, seed %llu: %u failed\n",
           (unsigned long long)(number - options->first), TK_LIMB_BITS,
           (unsigned long long)options->seed, failures);
    return failures == 0;
}

/* --- the command line --- */

static bool read_option(struct options *options, int argc, char **argv, int *i)
{
    if (strcmp(argv[*i], "--edges") == 0) {
        options->edges = true;
        return true;
    }
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"--cases", &options->cases},
                   {"--seconds", &options->seconds},
                   {"--seed", &options->seed},
                   {"--first", &options->first}};

    for (size_t j = 0; j < sizeof numbers / sizeof numbers[0] && *i + 1 < argc; j++) {
        if (strcmp(argv[*i], numbers[j].name) == 0) {
            *numbers[j].value = strtoull(argv[++*i], NULL, 10);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct options options = {false, 1000, 0, 1, 0};

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        if (!read_option(&options, argc, argv, &i)) {
            fprintf(stderr, "differential: no option %s\n", argv[i]);
            return 2;
        }
    }
    bool good = (!options.edges || check_edges()) && check_cases(&options);

    return good ? 0 : 1;
}
