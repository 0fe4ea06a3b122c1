/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ROOTS_H
#define TK_ROOTS_H

#include "tk_trust.h"

#include <stdbool.h>

/* The certificates of a PEM file, or, with NULL, of this machine's own bundle. They stay in memory
 * as DER for as long as the process runs. False, and a word on stderr, when there is none. */
bool tk_host_load_roots(struct tk_trust *trust, const char *pem_file);

#endif
