/* SPDX-License-Identifier: Apache-2.0 */
/* operations.c on this machine, under callgrind, which writes a file for each count. */
#include "operations.h"

#include <stddef.h>
#include <stdio.h>
#include <valgrind/callgrind.h>

void begin(void)
{
    CALLGRIND_ZERO_STATS;
}

void end(void)
{
    CALLGRIND_DUMP_STATS;
}

void report(const char *name, const unsigned char *octets, unsigned len)
{
    (void)name, (void)octets, (void)len;
}

int main(void)
{
    run_ecdh(1);
    unsigned wrong = run_verifications();

    if (wrong != 0)
        printf("verification %u is wrong\n", wrong);
    return wrong != 0;
}
