/* SPDX-License-Identifier: Apache-2.0 */
/* tk_ecdh.c with a leak, which the test of constant time has to find: its masked moves branch on
 * the mask (TK_LEAK=1), or take it as an index (TK_LEAK=2). */
#include "tk_ecc.h"

#include <string.h>

static void leaky_select(tk_limb *r, const tk_limb *a, tk_limb mask, size_t n)
{
#if TK_LEAK == 1
    if (mask != 0)
        memcpy(r, a, n * sizeof *r);
#else
    const tk_limb *const from[] = {r, a};

    memmove(r, from[mask & 1], n * sizeof *r);
#endif
}

#define tk_limbs_select leaky_select
#include "tk_ecdh.c"
