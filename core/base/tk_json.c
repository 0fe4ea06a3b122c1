/* SPDX-License-Identifier: Apache-2.0 */
#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

#include "tk_json.h"
#include "tk_text.h"

#include <string.h>

#define DEPTH_MAX 16

/* --- the grammar, over the text, with the tokens as the map of where each string ends --- */

/* What may stand next; 0 behind the document. */
enum { VALUE = 1, NAME = 2, COLON = 4, COMMA = 8, CLOSE = 16 };

struct walk {
    const char *at;
    unsigned expect;
    int depth;          /* of open containers */
    uint32_t is_object; /* a bit each, the innermost one in bit 0 */
};

static void behind_value(struct walk *w)
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
    behind_value(w);
    return true;
}

/* What stands between the values: white space and marks. */
static bool walk_mark(struct walk *w, char c)
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

/* A word at a time, that is most of what a document is: a byte below 0x20 is one whose top bit is
 * not set, and is after 0x20 was taken away. */
static bool has_control(const char *s, size_t len)
{
    const size_t each = SIZE_MAX / 0xff; /* 0x0101... */
    size_t word;

    for (; len >= sizeof word; s += sizeof word, len -= sizeof word) {
        memcpy(&word, s, sizeof word);
        if ((word - each * 0x20) & ~word & each * 0x80)
            return true;
    }
    while (len > 0 && (unsigned char)s[len - 1] >= 0x20)
        len--;
    return len > 0;
}

/* jsmn has checked the escapes; it lets raw control characters pass. */
static bool walk_string(struct walk *w, size_t len)
{
    const char *s = w->at;

    if (w->expect & NAME)
        w->expect = COLON;
    else if (w->expect & VALUE)
        behind_value(w);
    else
        return false;
    w->at = s + len + 1;
    return !has_control(s, len);
}

/* At least one digit. No end is looked for: jsmn has found a character behind the last one. */
static bool walk_digits(struct walk *w)
{
    const char *from = w->at;

    while (tk_is_digit(*w->at))
        w->at++;
    return w->at > from;
}

/* [-] int [. digits] [e [+-] digits], no leading zero (RFC 8259 section 6). */
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
    static const char words[][6] = {"true", "false", "null"};

    if (!(w->expect & VALUE))
        return false;
    behind_value(w);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (len == strlen(words[i]) && memcmp(w->at, words[i], len) == 0) {
            w->at += len;
            return true;
        }
    }
    return walk_number(w);
}

/* One token, or one character between tokens. The rest of a primitive that is longer than its value
 * is met as a mark, and is none. */
static bool walk_on(struct walk *w, const struct tk_json *j, const jsmntok_t **next)
{
    const jsmntok_t *t = *next;
    char c = *w->at;

    if (t == j->tokens + j->count || w->at + (c == '"') != j->text + t->start) {
        w->at++;
        return walk_mark(w, c);
    }
    *next = t + 1;
    if (t->type == JSMN_PRIMITIVE)
        return walk_primitive(w, (size_t)(t->end - t->start));
    w->at++;
    return t->type == JSMN_STRING ? walk_string(w, (size_t)(t->end - t->start)) : walk_mark(w, c);
}

static bool well_formed(const struct tk_json *j)
{
    struct walk w = {.at = j->text, .expect = VALUE};
    const jsmntok_t *next = j->tokens;

    while (w.at < j->text + j->len) {
        if (!walk_on(&w, j, &next))
            return false;
    }
    return w.expect == 0;
}

bool tk_json_parse(struct tk_json *j, char *text, size_t len, jsmntok_t *tokens, unsigned max)
{
    jsmn_parser parser;

    jsmn_init(&parser);
    *j = (struct tk_json){.text = text, .len = len, .tokens = tokens};
    if (len > INT32_MAX)
        return false;
    j->count = jsmn_parse(&parser, text, len, tokens, max);
    return j->count > 0 && well_formed(j);
}

bool tk_json_is_object(const struct tk_json *j, int value)
{
    return value >= 0 && value < j->count && j->tokens[value].type == JSMN_OBJECT;
}

/* The first token behind a value and all that it holds. */
static int behind(const struct tk_json *j, int value)
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

    if (!tk_json_is_object(j, object))
        return TK_JSON_NONE;
    for (int key = object + 1, left = j->tokens[object].size; left > 0; left--) {
        const jsmntok_t *t = &j->tokens[key];

        if ((size_t)(t->end - t->start) == len && memcmp(j->text + t->start, name, len) == 0)
            return key + 1;
        key = behind(j, key + 1);
    }
    return TK_JSON_NONE;
}

int tk_json_element(const struct tk_json *j, int array, int i)
{
    if (array < 0 || array >= j->count || j->tokens[array].type != JSMN_ARRAY ||
        i >= j->tokens[array].size)
        return TK_JSON_NONE;
    int value = array + 1;

    while (i-- > 0)
        value = behind(j, value);
    return value;
}

/* Of digits that jsmn has checked. */
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

/* The code point of uXXXX, or of a pair of them; 0 for NUL and for half a pair. *s goes behind. */
static unsigned unescape_unicode(const char **s, const char *end)
{
    unsigned code = hex4(*s + 1), low;

    *s += 5;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || end - *s < 6 || (*s)[0] != '\\' || (*s)[1] != 'u')
        return 0;
    low = hex4(*s + 2);
    *s += 6;
    return low < 0xdc00 || low > 0xdfff ? 0 : 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* One escape, from behind its backslash; NULL for a character that no text of ours can hold. */
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

enum { TAKEN = -1, SPOILT = -2 }; /* in a token's size, which strings do not need */

const char *tk_json_text(struct tk_json *j, int value)
{
    if (value < 0 || value >= j->count)
        return NULL;
    jsmntok_t *t = &j->tokens[value];
    char first = j->text[t->start];

    if (t->type == JSMN_PRIMITIVE && first != '-' && !tk_is_digit(first))
        return NULL;
    if (t->type == JSMN_OBJECT || t->type == JSMN_ARRAY || t->size == SPOILT)
        return NULL;
    if (t->size != TAKEN) {
        t->size = t->type == JSMN_PRIMITIVE || unescape(j->text, t) ? TAKEN : SPOILT;
        j->text[t->end] = '\0';
    }
    return t->size == TAKEN ? j->text + t->start : NULL;
}

bool tk_json_int(struct tk_json *j, int value, int64_t *out)
{
    const char *s = tk_json_text(j, value);
    uint64_t magnitude;

    if (s == NULL)
        return false;
    bool negative = *s == '-';

    s += negative;
    if (!tk_parse_u64(s, strlen(s), 999999999999999999u, &magnitude))
        return false;
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}
