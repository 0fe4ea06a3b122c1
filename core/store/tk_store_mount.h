/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_MOUNT_H
#define TK_STORE_MOUNT_H

/* Finding the newest sector and the end of its records. Writes nothing. */

#include "tk_store_types.h"

/* Fills in what follows from the flash in a store that has just been initialized. TK_STORE_OK,
 * TK_STORE_FLASH, _FOREIGN; or _SEALED, _SHAPE, _FORMAT: then s->top is the header that says so. */
int tk_mount(struct tk_store *s);

#endif
