/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_BUFFER_H
#define TK_HOST_BUFFER_H

/* A text that grows on the heap, up to a limit. Zeroed, with max set, it is empty. What does not
 * fit is dropped, and so is everything after it: append, then check tk_buffer_ok once. */

#include <stdbool.h>
#include <stddef.h>

struct tk_buffer {
    char *bytes; /* NUL-terminated after the first addition; NULL before */
    size_t len, size;
    size_t max; /* of len */
    bool failed;
};

void tk_buffer_addn(struct tk_buffer *b, const char *s, size_t len);
void tk_buffer_add(struct tk_buffer *b, const char *s);
void tk_buffer_char(struct tk_buffer *b, char c);

/* s[0..len) as a JSON string with its quotes (RFC 8259 section 7); it must be UTF-8. */
void tk_buffer_json(struct tk_buffer *b, const char *s, size_t len);

/* True if nothing was dropped. */
bool tk_buffer_ok(const struct tk_buffer *b);

/* Keeps its first len bytes, and its memory for what comes next. */
void tk_buffer_cut(struct tk_buffer *b, size_t len);

/* Frees its memory: an empty buffer again. */
void tk_buffer_free(struct tk_buffer *b);

/* Reads fd to its end. False after a read error, with errno, or if it does not fit. */
bool tk_buffer_read(struct tk_buffer *b, int fd);

/* Whether s[0..len) is UTF-8 (RFC 3629). */
bool tk_is_utf8(const char *s, size_t len);

#endif
