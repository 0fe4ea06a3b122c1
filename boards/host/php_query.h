/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_PHP_QUERY_H
#define TK_HOST_PHP_QUERY_H

/*
 * A command of a batch: the parameters of a method, a JSON object, as a query that PHP reads:
 * fields[PHONE][0][VALUE]=1, percent-encoded (RFC 3986) but for the brackets of names.
 *
 * true and false become 1 and 0, null an empty text. What a query cannot express is refused: an
 * empty list or object, and text with $result[, which the portal takes for a reference. A real one
 * is the object {"ref":"a.ID"}: the member ID of the result of command a, $result[a][ID].
 */

#include "buffer.h"

enum { TK_QUERY_ERROR = 160 };

/* Characters at the beginning of text of which the id of a command, or a part of a reference, may
 * consist: letters, digits, _ and -. */
size_t tk_query_word(const char *text);

/* Whether a command of this name, text[0..len), comes before this one in the batch. */
typedef bool tk_query_knows(const void *owner, const char *text, size_t len);

/* Adds the query of params[0..len), a valid JSON object. False with a sentence in error, which has
 * the name of the parameter. */
bool tk_query_make(struct tk_buffer *out, const char *params, size_t len, tk_query_knows *knows,
                   const void *owner, char error[TK_QUERY_ERROR]);

#endif
