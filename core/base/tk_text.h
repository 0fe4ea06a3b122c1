/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TEXT_H
#define TK_TEXT_H

/*
 * A bounded text builder. It appends to a buffer of the caller's, never writes past it, and keeps
 * it NUL-terminated. What does not fit is dropped, and so is everything after it: append, then
 * check tk_text_ok() once. Pure functions, callable from any context.
 */

#include "tk_string.h"
#include "tk_wipe.h"

/* A build may name its compiler's attribute that checks the arguments of tk_text_print. */
#ifndef TK_TEXT_FORMAT
#define TK_TEXT_FORMAT
#endif

struct tk_text {
    char *buf;   /* the caller's */
    size_t size; /* bytes of buf, with the terminator */
    size_t len;  /* characters so far, without it */
    bool full;   /* something was dropped */
};

/* size: 1 or more. */
void tk_text_init(struct tk_text *t, char *buf, size_t size);

/* True if nothing was dropped. */
bool tk_text_ok(const struct tk_text *t);

void tk_text_char(struct tk_text *t, char c);
void tk_text_add(struct tk_text *t, const char *s);
void tk_text_addn(struct tk_text *t, const char *s, size_t len);
void tk_text_int(struct tk_text *t, int64_t value);
void tk_text_hex(struct tk_text *t, const uint8_t *bytes, size_t len); /* lower case */

/* format, with a string for each %s and an unsigned number for each %u; there is nothing else. */
void tk_text_print(struct tk_text *t, const char *format, ...) TK_TEXT_FORMAT;

/* s as a value of application/x-www-form-urlencoded (WHATWG URL 5.2: a space becomes +). */
void tk_text_form(struct tk_text *t, const char *s);

/* s as printable ASCII on one line: control bytes, backslash and bytes from 0x7f up become \xHH. */
void tk_text_visible(struct tk_text *t, const char *s);

/* s as a JSON string (RFC 8259 section 7), with its quotes or, for a part of one, without. */
void tk_text_json(struct tk_text *t, const char *s);
void tk_text_json_part(struct tk_text *t, const char *s);

#endif
