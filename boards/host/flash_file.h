/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_FLASH_FILE_H
#define TK_HOST_FLASH_FILE_H

/* The flash file: its shape, which holds 64 accounts, and those of earlier versions. */

#include "tk_posix.h"

enum { TK_HOST_FLASH_MAX = 1048576 }; /* bytes of a file, of any version */

/* Opens and locks a flash file of this version's shape or an earlier one's; creates it if it does
 * not exist. Returns TK_EXIT_OK, or another exit status after a message. */
int tk_host_open_flash(struct tk_posix_flash *flash, const char *path);

/* Whether an open file has the shape of an earlier version. */
bool tk_host_is_old_flash(const struct tk_posix_flash *flash);

/* Creates and opens an empty file of this version's shape; replaces what a power cut left at path.
 * Its commits are not synced: the caller syncs it whole. Returns false, with errno. */
bool tk_host_create_flash(struct tk_posix_flash *flash, const char *path);

/* Overwrites all of it with 0xFF. */
bool tk_host_erase_flash(const struct tk_flash *flash);

/* Reads all of it to content; *copy is a flash that reads there: a search for all values reads it
 * 100,000 times. */
bool tk_host_copy_flash(const struct tk_flash *flash, uint8_t content[TK_HOST_FLASH_MAX],
                        struct tk_flash *copy);

#endif
