/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_ENLARGE_H
#define TK_HOST_ENLARGE_H

#include "tk_posix.h"

/*
 * Gives a flash file of an earlier version the shape of this one: all values are copied to
 * FILE.new, which then replaces FILE, and what was there is overwritten. A power cut leaves in FILE
 * the old content or the new one, both whole. key: NULL, or TK_DEVICE_KEY_SIZE bytes, with which it
 * is sealed.
 *
 * flash is open, and is afterwards. What cannot be copied stays as it is, after a message; the
 * service can use it. False, after a message: flash could not be opened again.
 */
bool tk_host_enlarge(struct tk_posix_flash *flash, const char *path, const uint8_t *key);

#endif
