/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_le.h"

void tk_le_put(uint8_t *le, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        le[i] = (uint8_t)(value >> 8 * i);
}

uint64_t tk_le_get(const uint8_t *le, int bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | le[bytes];
    return value;
}
