/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_random.h"

#include "tk_entropy.h"

bool tk_random_ready(struct tk_port *port)
{
    uint8_t bytes[32];

    return tk_entropy_get(port, bytes, sizeof bytes) == TK_ENTROPY_OK &&
           !tk_entropy_repeats(bytes, sizeof bytes);
}
