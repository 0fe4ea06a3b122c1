/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_JSON_MEMBERS_H
#define TK_HOST_JSON_MEMBERS_H

/* The members of a JSON object in memory, one by one, on top of tk_json_scan.h. */

#include "buffer.h"
#include "tk_json_scan.h"

enum { TK_MEMBER_NAME = 96 /* characters of a name */ };

struct tk_member {
    char name[TK_MEMBER_NAME + 1]; /* decoded; "" also if it is longer */
    const char *text;              /* name and value as they are written */
    size_t text_len;
    enum tk_scan_item kind; /* of the value */
    bool is_object;
    const char *value; /* as it is written: a string with its quotes */
    size_t value_len;
};

/* Begins to read the object at text[0..len). False if it is not an object. */
bool tk_members_begin(struct tk_json_scan *s, const char *text, size_t len);

/* Reads the next member, the whole of its value included. False at the end of the object, and where
 * it is not JSON. */
bool tk_members_next(struct tk_json_scan *s, struct tk_member *m);

/* The characters of a string that is written in text[0..len), without quotes; with its terminator.
 * False if they are more than TK_MEMBER_NAME, or one is NUL. */
bool tk_member_decode(const char *text, size_t len, char name[TK_MEMBER_NAME + 1]);

/* Whether a list or object has nothing in it. */
bool tk_member_is_empty(const struct tk_member *m);

#endif
