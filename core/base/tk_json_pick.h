/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JSON_PICK_H
#define TK_JSON_PICK_H

/*
 * Picks named members of a JSON object (RFC 8259) out of a stream of any length, nesting and number
 * of members, in fixed memory. It is for responses that must not be lost: what surrounds the object
 * is passed over, and what was picked before an error or before the end of the stream remains.
 * tk_json_pick_is_whole tells whether the stream was one JSON object.
 *
 * Members of nested objects are not picked, except those of a field's value if that is an object
 * and the fields after it are its members: their names begin with a dot. Of equal names the last
 * string counts, else the last value. Names are compared after unescaping. Escaped characters
 * beyond ASCII, NUL and control characters become TK_JSON_OTHER.
 *
 * Pure functions. The result does not depend on how the stream is cut into pieces.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TK_JSON_OTHER '\x7f'

#define TK_JSON_NAME_MAX 19

struct tk_json_field {
    const char *name; /* at most TK_JSON_NAME_MAX characters */
    uint16_t max;     /* characters of its value that are kept */
};

/* At most 16 fields. */
struct tk_json_fields {
    const struct tk_json_field *of;
    uint8_t count;
    bool any_case; /* names are compared without regard to case */

    /* Of a list of objects in the value of field number `rows`, or in a member of that: the member
     * that numbers them, in any case (tk_json_pick_row). NULL: none. */
    uint8_t rows;
    const char *row_id;
};

struct tk_json_pick {
    const struct tk_json_fields *fields;
    char *slots;  /* of a value each, see tk_json_pick.c */
    char *slot;   /* of the value that is read; NULL: it is not picked */
    char *to;     /* where the characters of the name or value go */
    uint32_t max; /* of them; those beyond are counted only */
    uint8_t state;
    uint8_t escape; /* characters of an escape sequence so far */
    uint8_t field;  /* whose value comes next, or is read */
    bool in_string;
    uint8_t inside;    /* the number of a field + 1: of its object; 0: of none */
    uint8_t first;     /* the number of the first member's field + 2; 1: it is none; 0: no name yet
                        */
    uint8_t shape;     /* of what is skipped: a bit for each open array or object, 1: array */
    bool is_row_id;    /* its value comes next, or is read */
    bool is_picked;    /* a value was picked */
    bool is_complete;  /* the object has ended */
    bool is_malformed; /* something but the object was met */
    uint16_t code;     /* of the escaped character */
    uint32_t at;       /* characters of the name or value so far */
    uint32_t depth;    /* of a value that is skipped */
    uint64_t row;
    char name[TK_JSON_NAME_MAX + 1];
};

/* Bytes of memory that the values need. */
size_t tk_json_pick_size(const struct tk_json_fields *fields);

/* memory: tk_json_pick_size bytes; it and fields must outlive p. */
void tk_json_pick_begin(struct tk_json_pick *p, const struct tk_json_fields *fields, char *memory);

void tk_json_pick_feed(struct tk_json_pick *p, const char *data, size_t len);

/* True if the stream so far is one object and white space; a byte order mark may come first. */
bool tk_json_pick_is_whole(const struct tk_json_pick *p);

/* The same for the beginning of such a stream. */
bool tk_json_pick_is_clean(const struct tk_json_pick *p);

/* True if the field has a value of any type. */
bool tk_json_pick_has(const struct tk_json_pick *p, unsigned field);

/* The characters of a string, or a number as written, NUL-terminated. *len: how many the value has;
 * more than the field's max: those beyond are missing. NULL for any other value and for none. */
const char *tk_json_pick_text(const struct tk_json_pick *p, unsigned field, uint32_t *len);

/* The row_id of the last row that has one; 0: there is none, or it is no number. */
static inline uint64_t tk_json_pick_row(const struct tk_json_pick *p)
{
    return p->row;
}

/* True once the first name has been read; *field: its field, or fields->count. */
bool tk_json_pick_first(const struct tk_json_pick *p, unsigned *field);

/* Overwrites the values that were picked. */
void tk_json_pick_wipe(struct tk_json_pick *p);

#endif
