/* SPDX-License-Identifier: Apache-2.0 */
#define JSMN_STATIC
#include <jsmn.h>

#include "tk_assert.h"
#include "tk_json.h"
#include "tk_string.h"

#include <string.h>

#define DEPTH_MAX  32
#define INT_MAX_18 999999999999999999u /* 18 digits */

/* --- the grammar, checked over the text; the tokens say where strings end --- */

/* What may come next; 0 after the document. */
enum { VALUE = 1, NAME = 2, COLON = 4, COMMA = 8, CLOSE = 16 };

struct walk {
    const char *at;
    unsigned expect;
    int depth;          /* of open objects and arrays */
    uint32_t is_object; /* one bit each, the innermost in bit 0 */
};

static void after_value(struct walk *w)
{
    w->expect = w->depth > 0 ? COMMA | CLOSE : 0;
}

static bool walk_open(struct walk *w, bool is_object)
{
    if (!(w->expect & VALUE) || w->depth == DEPTH_MAX)
        return false;
    w->depth++;
    w->is_object = w->is_object << 1 | is_object;
    w->expect = CLOSE | (is_object ? NAME : VALUE);
    return true;
}

static bool walk_close(struct walk *w, bool is_object)
{
    if (!(w->expect & CLOSE) || (w->is_object & 1) != is_object)
        return false;
    w->depth--;
    w->is_object >>= 1;
    after_value(w);
    return true;
}

/* A character between values: white space or punctuation. */
static bool walk_punctuation(struct walk *w, char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return true;
    case '{':
    case '[':
        return walk_open(w, c == '{');
    case '}':
    case ']':
        return walk_close(w, c == '}');
    case ',':
        if (!(w->expect & COMMA))
            return false;
        w->expect = w->is_object & 1 ? NAME : VALUE;
        return true;
    default:
        if (!(w->expect & COLON) || c != ':')
            return false;
        w->expect = VALUE;
        return true;
    }
}

/* jsmn has checked the escapes, but accepts raw control characters. */
static bool walk_string(struct walk *w, size_t len)
{
    const char *s = w->at;

    if (w->expect & NAME)
        w->expect = COLON;
    else if (w->expect & VALUE)
        after_value(w);
    else
        return false;
    w->at = s + len + 1;
    return !tk_contains_control(s, len);
}

/* At least one digit. Stops within the text: jsmn has found a character after the last digit. */
static bool walk_digits(struct walk *w)
{
    const char *from = w->at;

    while (tk_is_digit(*w->at))
        w->at++;
    return w->at > from;
}

/* [-] int [. digits] [e [+-] digits], without leading zeros (RFC 8259 section 6). */
static bool walk_number(struct walk *w)
{
    w->at += *w->at == '-';
    if (*w->at == '0')
        w->at++;
    else if (!walk_digits(w))
        return false;
    if (*w->at == '.') {
        w->at++;
        if (!walk_digits(w))
            return false;
    }
    if (tk_lower(*w->at) != 'e')
        return true;
    w->at++;
    w->at += *w->at == '+' || *w->at == '-';
    return walk_digits(w);
}

static bool walk_primitive(struct walk *w, size_t len)
{
    static const char literals[][6] = {"true", "false", "null"};

    if (!(w->expect & VALUE))
        return false;
    after_value(w);
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        if (len == strlen(literals[i]) && memcmp(w->at, literals[i], len) == 0) {
            w->at += len;
            return true;
        }
    }
    return walk_number(w);
}

/* One token, or one character between tokens. What jsmn counted to a primitive beyond its value
 * fails as punctuation. */
static bool walk_next(struct walk *w, const struct tk_json *j, const jsmntok_t **next)
{
    const jsmntok_t *t = *next;
    char c = *w->at;

    if (t == j->tokens + j->count || w->at + (c == '"') != j->text + t->start) {
        w->at++;
        return walk_punctuation(w, c);
    }
    *next = t + 1;
    if (t->type == JSMN_PRIMITIVE)
        return walk_primitive(w, (size_t)(t->end - t->start));
    w->at++;
    return t->type == JSMN_STRING ? walk_string(w, (size_t)(t->end - t->start))
                                  : walk_punctuation(w, c);
}

static bool well_formed(const struct tk_json *j)
{
    struct walk w = {.at = j->text, .expect = VALUE};
    const jsmntok_t *next = j->tokens;

    while (w.at < j->text + j->len) {
        if (!walk_next(&w, j, &next))
            return false;
    }
    return w.expect == 0;
}

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
    jsmn_parser parser;
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    jsmn_init(&parser);
    *j = (struct tk_json){.text = text + mark, .len = len - mark, .tokens = tokens};
    if (len >= INT32_MAX)
        return false;
    char after = text[len];

    text[len] = ' '; /* jsmn wants one behind a bare number or literal */
    j->count = jsmn_parse(&parser, j->text, j->len + 1, tokens, max);
    bool ok = j->count > 0 && well_formed(j);

    text[len] = after;
    if (ok)
        decode_names(j);
    return ok;
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
