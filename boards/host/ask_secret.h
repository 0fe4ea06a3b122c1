/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_ASK_SECRET_H
#define TK_HOST_ASK_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Asks for a value on the terminal of this process, without echo, whatever standard input is. out
 * becomes the line without its end, of less than size bytes. False with errno: ENXIO or ENOENT
 * without a terminal, EINTR after Ctrl-C, E2BIG for a longer line; the terminal is as before. */
bool tk_ask_secret(const char *question, char *out, size_t size);

#endif
