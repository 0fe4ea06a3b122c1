/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_KEY_H
#define TK_HOST_KEY_H

#include "tk_device.h"

/* Makes a key for sealing: the SHA-256 of the file. Returns false after a message if it is too
 * short or too long, or readable by others. */
bool tk_host_load_key(const char *path, uint8_t key[TK_DEVICE_KEY_SIZE]);

/* The same from the credential tokenkeeper.key of systemd (systemd.exec(5), LoadCredential),
 * whatever its mode. *found is false only where there is no such file. */
bool tk_host_load_credential(uint8_t key[TK_DEVICE_KEY_SIZE], bool *found);

#endif
