/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TEST_PATIENCE_H
#define TK_TEST_PATIENCE_H

/* How long a test waits in real time for what must come. It ends a test that hangs and decides
 * nothing else: far above what a busy machine needs. TK_PATIENCE in the environment multiplies it.
 */

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t patient_ms(void)
{
    const char *factor = getenv("TK_PATIENCE");

    return (uint64_t)(90000 * (factor != NULL ? strtod(factor, NULL) : 1));
}

#endif
