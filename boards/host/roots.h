/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ROOTS_H
#define TK_ROOTS_H

#include "tk_trust.h"

#include <stdbool.h>

/* Loads the certificates of a PEM file, or with NULL of this machine's bundle, as DER; they stay in
 * memory until the process ends. Returns false after a message if there is none. */
bool tk_host_load_roots(struct tk_trust *trust, const char *pem_file);

#endif
