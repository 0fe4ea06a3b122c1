/* SPDX-License-Identifier: Apache-2.0 */
#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

#include "tk_json.h"
#include "tk_text.h"

#include <string.h>

#define DEPTH_MAX 16

/* The walk: a cursor over the text, with the tokens as the map of where each value ends. */
struct walk {
    const struct tk_json *j;
    int pos;   /* in the text */
    int next;  /* the token expected next */
    int depth; /* of open containers */
    int open[DEPTH_MAX];
};

static void skip_space(struct walk *w)
{
    const char *s = w->j->text;

    while (w->pos < (int)w->j->len &&
           (s[w->pos] == ' ' || s[w->pos] == '\t' || s[w->pos] == '\r' || s[w->pos] == '\n'))
        w->pos++;
}

static bool take(struct walk *w, char c)
{
    skip_space(w);
    if (w->pos >= (int)w->j->len || w->j->text[w->pos] != c)
        return false;
    w->pos++;
    return true;
}

/* jsmn has checked the escapes; it lets raw control characters pass. */
static bool good_string(const char *s, int len)
{
    for (int i = 0; i < len; i++) {
        if ((unsigned char)s[i] < 0x20)
            return false;
    }
    return true;
}

static int digits(const char *s, int at, int len)
{
    int from = at;

    while (at < len && tk_is_digit(s[at]))
        at++;
    return at - from;
}

/* [-] int [. digits] [e [+-] digits], no leading zero (RFC 8259 section 6). */
static bool good_number(const char *s, int len)
{
    int at = len > 0 && s[0] == '-';
    int whole = digits(s, at, len);

    if (whole == 0 || (whole > 1 && s[at] == '0'))
        return false;
    at += whole;
    if (at < len && s[at] == '.') {
        int fraction = digits(s, at + 1, len);

        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (at < len && tk_lower(s[at]) == 'e') {
        at++;
        at += at < len && (s[at] == '+' || s[at] == '-');
        int exponent = digits(s, at, len);

        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == len;
}

static bool is_word(const char *s, int len, const char *word)
{
    return (int)strlen(word) == len && memcmp(s, word, (size_t)len) == 0;
}

static bool good_primitive(const char *s, int len)
{
    return is_word(s, len, "true") || is_word(s, len, "false") || is_word(s, len, "null") ||
           good_number(s, len);
}

static bool walk_string(struct walk *w, const jsmntok_t *t)
{
    if (t->type != JSMN_STRING || w->pos != t->start - 1)
        return false;
    w->pos = t->end + 1;
    w->next++;
    return good_string(w->j->text + t->start, t->end - t->start);
}

static bool walk_container(struct walk *w, const jsmntok_t *t)
{
    if (w->depth == DEPTH_MAX || w->pos != t->start)
        return false;
    w->open[w->depth++] = w->next++;
    w->pos = t->start + 1;
    return true;
}

static bool walk_value(struct walk *w)
{
    skip_space(w);
    if (w->next >= w->j->count)
        return false;
    const jsmntok_t *t = &w->j->tokens[w->next];

    if (t->type == JSMN_STRING)
        return walk_string(w, t);
    if (t->type != JSMN_PRIMITIVE)
        return walk_container(w, t);
    if (w->pos != t->start || !good_primitive(w->j->text + t->start, t->end - t->start))
        return false;
    w->pos = t->end;
    w->next++;
    return true;
}

static bool walk_member(struct walk *w, const jsmntok_t *container)
{
    if (container->type == JSMN_OBJECT) {
        skip_space(w);
        if (w->next >= w->j->count || !walk_string(w, &w->j->tokens[w->next]) || !take(w, ':'))
            return false;
    }
    return walk_value(w);
}

/* Goes on inside the innermost open container: its end, or its next member. */
static bool walk_on(struct walk *w)
{
    int at = w->open[w->depth - 1];
    const jsmntok_t *t = &w->j->tokens[at];
    bool first = w->pos == t->start + 1;

    if (take(w, t->type == JSMN_OBJECT ? '}' : ']')) {
        w->depth--;
        return w->pos == t->end;
    }
    if (!first && !take(w, ','))
        return false;
    return walk_member(w, t);
}

static bool well_formed(const struct tk_json *j)
{
    struct walk w = {.j = j};

    if (!walk_value(&w))
        return false;
    while (w.depth > 0) {
        if (!walk_on(&w))
            return false;
    }
    skip_space(&w);
    return w.pos == (int)j->len && w.next == j->count;
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

static bool inside(const struct tk_json *j, int container, int value)
{
    return value < j->count && j->tokens[value].start < j->tokens[container].end;
}

int tk_json_member(const struct tk_json *j, int object, const char *name)
{
    if (!tk_json_is_object(j, object))
        return TK_JSON_NONE;
    for (int key = object + 1; inside(j, object, key); key = behind(j, key + 1)) {
        const jsmntok_t *t = &j->tokens[key];

        if (is_word(j->text + t->start, t->end - t->start, name))
            return key + 1;
    }
    return TK_JSON_NONE;
}

int tk_json_element(const struct tk_json *j, int array, int i)
{
    if (array < 0 || array >= j->count || j->tokens[array].type != JSMN_ARRAY)
        return TK_JSON_NONE;
    int value = array + 1;

    while (inside(j, array, value) && i-- > 0)
        value = behind(j, value);
    return inside(j, array, value) ? value : TK_JSON_NONE;
}

static unsigned hex4(const char *s)
{
    unsigned value = 0;

    for (int i = 0; i < 4; i++) {
        char c = tk_lower(s[i]);

        value = value << 4 | (unsigned)(tk_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};

    *to++ = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    return to;
}

/* \uXXXX, or a pair of them; answers the characters read behind the backslash, 0 for a half. */
static int unescape_unicode(const char *s, int left, char **to)
{
    unsigned code = hex4(s + 1);
    int used = 5;

    if (code >= 0xd800 && code <= 0xdbff && left >= 11 && s[5] == '\\' && s[6] == 'u') {
        unsigned low = hex4(s + 7);

        if (low < 0xdc00 || low > 0xdfff)
            return 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        used = 11;
    }
    if (code == 0 || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *to = put_utf8(*to, code);
    return used;
}

static int unescape_one(const char *s, int left, char **to)
{
    static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";

    if (*s == 'u')
        return unescape_unicode(s, left, to);
    const char *at = strchr(from, *s);

    *(*to)++ = at == NULL ? *s : into[at - from];
    return 1;
}

static bool unescape(char *text, jsmntok_t *t)
{
    char *to = text + t->start;

    if (memchr(to, '\\', (size_t)(t->end - t->start)) == NULL)
        return true;
    for (int at = t->start; at < t->end;) {
        if (text[at] != '\\') {
            *to++ = text[at++];
            continue;
        }
        int used = unescape_one(text + at + 1, t->end - at - 1, &to);

        if (used == 0)
            return false;
        at += 1 + used;
    }
    t->end = (int)(to - text);
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
