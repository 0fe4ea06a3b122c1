/* SPDX-License-Identifier: Apache-2.0 */
#define JSMN_STATIC
#include <jsmn.h>

#include "tk_assert.h"
#include "tk_json.h"
#include "tk_json_scan.h"
#include "tk_string.h"

#include <string.h>

#define INT_MAX_18 999999999999999999u /* 18 digits */

/* Names are decoded at once, other strings when they are used. jsmn counts a name's value. */
static void decode_names(struct tk_json *j)
{
    for (int i = 0; i < j->count; i++) {
        if (j->tokens[i].type == JSMN_STRING && j->tokens[i].size > 0)
            (void)tk_json_text(j, i);
    }
}

bool tk_json_parse(struct tk_json *j, char *text, size_t len, jsmntok_t *tokens, unsigned max)
{
    struct tk_json_scan scan;
    jsmn_parser parser;

    jsmn_init(&parser);
    tk_json_scan_begin(&scan, text, len); /* past a byte order mark */
    *j = (struct tk_json){
        .text = text + (scan.at - text), .len = (size_t)(scan.end - scan.at), .tokens = tokens};
    if (len >= INT32_MAX || !tk_json_is_valid(text, len, false))
        return false;
    char after = text[len];

    text[len] = ' '; /* jsmn wants one behind a bare number or literal */
    j->count = jsmn_parse(&parser, j->text, j->len + 1, tokens, max);
    text[len] = after;
    if (j->count <= 0)
        return false;
    decode_names(j);
    return true;
}

bool tk_json_is_object(const struct tk_json *j, int value)
{
    return value >= 0 && value < j->count && j->tokens[value].type == JSMN_OBJECT;
}

/* The first token after a value and its contents. */
static int skip_value(const struct tk_json *j, int value)
{
    int end = j->tokens[value].end;

    do {
        value++;
    } while (value < j->count && j->tokens[value].start < end);
    return value;
}

int tk_json_member(const struct tk_json *j, int object, const char *name)
{
    size_t len = strlen(name);
    int found = TK_JSON_NONE;

    if (!tk_json_is_object(j, object))
        return TK_JSON_NONE;
    for (int key = object + 1, left = j->tokens[object].size; left > 0; left--) {
        const jsmntok_t *t = &j->tokens[key];

        if ((size_t)(t->end - t->start) == len && memcmp(j->text + t->start, name, len) == 0)
            found = key + 1;
        key = skip_value(j, key + 1);
    }
    return found;
}

int tk_json_element(const struct tk_json *j, int array, int i)
{
    TK_ASSERT(i >= 0);
    if (array < 0 || array >= j->count || j->tokens[array].type != JSMN_ARRAY ||
        i >= j->tokens[array].size)
        return TK_JSON_NONE;
    int value = array + 1;

    while (i-- > 0)
        value = skip_value(j, value);
    return value;
}

/* The value of 4 hex digits, which jsmn has checked. */
static unsigned hex4(const char *s)
{
    unsigned value = 0;

    for (int i = 0; i < 4; i++)
        value = value << 4 | (unsigned)tk_hex_value(s[i]);
    return value;
}

static char *put_utf8(char *to, unsigned code)
{
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

    *to++ = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    return to;
}

/* The code point of uXXXX or of a surrogate pair; of an unpaired surrogate, U+FFFD. Advances *s
 * past it. */
static unsigned unescape_unicode(const char **s, const char *end)
{
    unsigned code = hex4(*s + 1), low;

    *s += 5;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || end - *s < 6 || (*s)[0] != '\\' || (*s)[1] != 'u')
        return 0xfffd;
    low = hex4(*s + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *s += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* Decodes one escape, without its backslash, to `to`. NULL if a C string cannot hold it. */
static char *unescape_one(const char **s, const char *end, char *to)
{
    static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";

    if (**s == 'u') {
        unsigned code = unescape_unicode(s, end);

        return code == 0 ? NULL : put_utf8(to, code);
    }
    const char *at = strchr(from, **s);

    *to = at == NULL ? **s : into[at - from];
    ++*s;
    return to + 1;
}

static bool unescape(char *text, jsmntok_t *t)
{
    const char *s = text + t->start, *end = text + t->end, *slash;
    char *to = text + t->start;

    while ((slash = memchr(s, '\\', (size_t)(end - s))) != NULL) {
        memmove(to, s, (size_t)(slash - s));
        to += slash - s;
        s = slash + 1;
        to = unescape_one(&s, end, to);
        if (to == NULL)
            return false;
    }
    memmove(to, s, (size_t)(end - s));
    t->end = (int)(to - text + (end - s));
    return true;
}

/* Stored in a token's size, which strings and numbers do not use. */
enum { DECODED = -1, INVALID = -2 };

const char *tk_json_text(struct tk_json *j, int value)
{
    if (value < 0 || value >= j->count)
        return NULL;
    jsmntok_t *t = &j->tokens[value];
    char first = j->text[t->start];

    if (t->type == JSMN_PRIMITIVE && first != '-' && !tk_is_digit(first))
        return NULL;
    if (t->type == JSMN_OBJECT || t->type == JSMN_ARRAY || t->size == INVALID)
        return NULL;
    if (t->size != DECODED) {
        t->size = t->type == JSMN_PRIMITIVE || unescape(j->text, t) ? DECODED : INVALID;
        j->text[t->end] = '\0';
    }
    return t->size == DECODED ? j->text + t->start : NULL;
}

bool tk_json_int(struct tk_json *j, int value, int64_t *out)
{
    const char *s = tk_json_text(j, value);
    uint64_t magnitude;

    if (s == NULL)
        return false;
    bool negative = *s == '-';

    s += negative;
    if (!tk_parse_u64(s, strlen(s), INT_MAX_18, &magnitude))
        return false;
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}
