/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JSON_SCAN_H
#define TK_JSON_SCAN_H

/*
 * Reads a JSON document in memory (RFC 8259) item by item, strictly by the grammar, nested at most
 * 32 deep. Nothing is copied, decoded or changed; it is not checked that strings are UTF-8. Pure
 * functions.
 *
 *      tk_json_scan_begin(&s, text, len);
 *      while ((item = tk_json_scan(&s)) > TK_SCAN_END) ...
 *      the document is well-formed if item == TK_SCAN_END
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tk_scan_item {
    TK_SCAN_BAD, /* not JSON; also in every further call */
    TK_SCAN_END,
    TK_SCAN_OPEN,   /* { or [ */
    TK_SCAN_CLOSE,  /* } or ] */
    TK_SCAN_NAME,   /* of a member; its value comes next */
    TK_SCAN_STRING, /* a value */
    TK_SCAN_OTHER   /* a number, true, false or null */
};

struct tk_json_scan {
    const char *at, *end;
    const char *text; /* of a name, string or other, without quotes, escaped as it stands */
    size_t len;
    uint32_t is_object; /* a bit for each open object or array, the innermost in bit 0 */
    uint8_t depth;      /* how many are open, the one just opened included */
    uint8_t expect;
};

/* text[0..len) must outlive s; a byte order mark may come first (RFC 8259 8.1). */
void tk_json_scan_begin(struct tk_json_scan *s, const char *text, size_t len);

enum tk_scan_item tk_json_scan(struct tk_json_scan *s);

/* Whether the text of the name or string just read is this word. */
bool tk_json_scan_is(const struct tk_json_scan *s, const char *word);

/* Whether text[0..len) is one well-formed document; with object, an object. */
bool tk_json_is_valid(const char *text, size_t len, bool object);

#endif
