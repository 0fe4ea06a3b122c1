/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_ROWS_H
#define TK_CALL_ROWS_H

/*
 * Pages of a list by keyset: every page asks for the rows whose ID is above that of the last one,
 * in that order, and nothing is counted. Here: the body of such a request, and the ID of a row.
 */

#include "buffer.h"

#include <stdint.h>

/* The body of a page: before, the last ID, after. */
struct tk_rows_body {
    struct tk_buffer before, after;
};

/* Makes it of the caller's body, a valid JSON object; id_key: the ID as filter, order and select
 * name it. False after a message: the body has an order or a start of its own, a filter for later
 * IDs, or a filter or select that is of another type. */
bool tk_rows_make(struct tk_rows_body *out, const char *body, size_t len, const char *id_key);
void tk_rows_free(struct tk_rows_body *body);

/* The name of the ID that methods such as this one use. */
const char *tk_rows_id_key(const char *method);

/* The ID of a row, a JSON object: a number, or digits in a string. The name is compared without
 * case. False if there is none. */
bool tk_rows_id(const char *row, size_t len, const char *id_key, uint64_t *id);

#endif
