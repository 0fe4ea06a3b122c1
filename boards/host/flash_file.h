/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_FLASH_FILE_H
#define TK_HOST_FLASH_FILE_H

#include "tk_posix.h"

/* Opens and locks a flash file of this version's shape or of 0.1's; creates it if it does not
 * exist. Returns TK_EXIT_OK, or another exit status after a message. */
int tk_host_open_flash(struct tk_posix_flash *flash, const char *path);

#endif
