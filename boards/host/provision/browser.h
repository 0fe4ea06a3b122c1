/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BROWSER_H
#define TK_BROWSER_H

#include <stdbool.h>

/* Opens a page in this user's browser: $BROWSER, else what the desktop has; no shell is involved.
 * The address is in the arguments of a process, so that other users can read it. False if no
 * browser could be started, and in a session without a desktop: a browser that starts may still
 * show nothing. */
bool tk_browser_open(const char *url);

#endif
