/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RANDOM_HEX_H
#define TK_RANDOM_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Random bytes of this machine as hexadecimal digits, with a terminator: digits, even and at most
 * 128. False if there is no random source. */
bool tk_random_hex(char *out, size_t digits);

#endif
