/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_rsa.h"

#include <string.h>

bool tk_rsa_public(const struct tk_modulus *m, tk_limb *x, uint64_t e, tk_limb *work)
{
    tk_limb *base = work, *t = work + m->n;
    unsigned bit = 63;

    if (!tk_limbs_are_less(x, m->m, m->n))
        return false;
    tk_modulus_square_of_r(m, base, t);
    tk_modulus_mul(m, base, x, base, t); /* into Montgomery's form */
    memcpy(x, base, m->n * sizeof *x);
    while ((e >> bit & 1) == 0)
        bit--;
    while (bit-- > 0) {
        tk_modulus_mul(m, x, x, x, t);
        if ((e >> bit & 1) != 0)
            tk_modulus_mul(m, x, x, base, t);
    }
    memset(base, 0, m->n * sizeof *base);
    base[0] = 1;
    tk_modulus_mul(m, x, x, base, t); /* and out of it */
    return true;
}
