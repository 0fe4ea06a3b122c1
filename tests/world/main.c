/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"
#include <stdio.h>
#include <time.h>

static struct gate g;

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    clock_t began = clock();
    gate_init(&g, 1);
    gate_provision(&g);
    gate_run_until(&g, (uint64_t)(argc > 1 ? 100 : 3652) * 86400 * 1000);
    printf("%u pairs, %u requests, state %s, passes %llu, %.2f s, programs %llu erases %llu\n",
           g.cloud.pairs, g.cloud.requests, tk_state_name(gate_state(&g)),
           (unsigned long long)g.passes, (double)(clock() - began) / CLOCKS_PER_SEC,
           (unsigned long long)g.flash.programs, (unsigned long long)g.flash.erases);
    gate_free(&g);
    return 0;
}
