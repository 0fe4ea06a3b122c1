/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct life life;

int main(int argc, char **argv)
{
    enum life_kind kind = LIFE_CALM;
    uint64_t from = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, count = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    uint64_t days = argc > 4 ? strtoull(argv[4], NULL, 10) : 3652;
    unsigned bad = 0;
    clock_t began = clock();

    for (int i = 0; i < 4; i++) {
        if (argc > 1 && strcmp(argv[1], life_names[i]) == 0)
            kind = (enum life_kind)i;
    }
    unsigned long long req = 0, pairs = 0, served = 0, needs = 0, boots = 0, trouble = 0, lost = 0;
    for (uint64_t s = from; s < from + count; s++) {
        memset(&life, 0, sizeof life);
        life.kind = kind;
        life.seed = s;
        life.days = days;
        life.trace = argc > 5;
        if (!life_run(&life)) {
            bad++;
            printf("FAILED %c %s %llu at %.3f s: %s\n", life.oracle.broken, life_names[kind], (unsigned long long)s,
                   (double)life.oracle.at_ms / 1000, life.oracle.words);
        }
        req += life.gate.cloud.requests; pairs += life.gate.cloud.pairs; served += life.oracle.served; needs += life.oracle.needs_code; boots += life.gate.boots;
        trouble += life.gate.cloud.troubled; lost += life.oracle.lost;
        life_free(&life);
    }
    printf("%llu runs, %u bad, %llu requests, %llu troubled, %llu pairs, %llu served, %llu needs_code (%llu lost), %llu boots, %.2f s\n", (unsigned long long)count, bad, req, trouble, pairs, served, needs, lost, boots,
           (double)(clock() - began) / CLOCKS_PER_SEC);
    return bad != 0;
}
