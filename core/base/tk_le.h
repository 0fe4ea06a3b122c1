/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LE_H
#define TK_LE_H

#include <stdint.h>

/* Little-endian integers of 1 to 8 bytes, as stored on flash. Pure functions. */
void tk_le_put(uint8_t *le, uint64_t value, int bytes);
uint64_t tk_le_get(const uint8_t *le, int bytes);

#endif
