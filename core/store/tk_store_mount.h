/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_MOUNT_H
#define TK_STORE_MOUNT_H

/* Finding the newest sector and the end of its records. Writes nothing. */

#include "tk_store_types.h"

/* Fills in what follows from the flash in a store that has just been initialized. TK_STORE_OK,
 * TK_STORE_FLASH, _SEALED, _SHAPE, _FORMAT, _FOREIGN. */
int tk_mount(struct tk_store *s);

/* The highest number of a sector of any store in the flash; 0: there is none. */
uint32_t tk_mount_number(struct tk_store *s);

#endif
