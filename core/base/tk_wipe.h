/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WIPE_H
#define TK_WIPE_H

#include <stddef.h>

/* Overwrites len bytes that held a secret. The compiler cannot optimize it away. */
void tk_wipe(void *p, size_t len);

#endif
