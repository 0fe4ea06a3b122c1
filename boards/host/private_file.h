/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_PRIVATE_FILE_H
#define TK_HOST_PRIVATE_FILE_H

/* Files whose permissions matter. All return false after a message. */

#include <stdbool.h>

/* A regular file that only its owner may read or write; the owner is not checked. */
bool tk_host_is_private(int fd, const char *path);

/* A regular file of root's or of this user's, that others may read at most. */
bool tk_host_only_owner_writes(int fd, const char *path);

/* The directory of path: only its owner may create and replace files in it. */
bool tk_host_only_owner_creates(const char *path);

#endif
