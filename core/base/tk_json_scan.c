/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_json_scan.h"

#include "tk_string.h"

#include <string.h>

enum { DEPTH_MAX = 32 };

/* What may come next; 0 after the document. */
enum { VALUE = 1, NAME = 2, COLON = 4, COMMA = 8, CLOSE = 16, NOTHING = 32 };

static const char mark[] = "\xef\xbb\xbf";

void tk_json_scan_begin(struct tk_json_scan *s, const char *text, size_t len)
{
    size_t skip = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;

    *s = (struct tk_json_scan){.at = text + skip, .end = text + len, .expect = VALUE};
}

static char peek(const struct tk_json_scan *s)
{
    return s->at < s->end ? *s->at : '\0';
}

static bool take(struct tk_json_scan *s, char c)
{
    if (peek(s) != c)
        return false;
    s->at++;
    return true;
}

static enum tk_scan_item bad(struct tk_json_scan *s)
{
    s->expect = NOTHING;
    s->end = s->at;
    return TK_SCAN_BAD;
}

static void after_value(struct tk_json_scan *s)
{
    s->expect = s->depth > 0 ? COMMA | CLOSE : 0;
}

static enum tk_scan_item open(struct tk_json_scan *s, bool is_object)
{
    if (!(s->expect & VALUE) || s->depth == DEPTH_MAX)
        return bad(s);
    s->depth++;
    s->is_object = s->is_object << 1 | is_object;
    s->expect = CLOSE | (is_object ? NAME : VALUE);
    return TK_SCAN_OPEN;
}

static enum tk_scan_item close(struct tk_json_scan *s, bool is_object)
{
    if (!(s->expect & CLOSE) || (s->is_object & 1) != is_object)
        return bad(s);
    s->depth--;
    s->is_object >>= 1;
    after_value(s);
    return TK_SCAN_CLOSE;
}

/* After a backslash. */
static bool take_escape(struct tk_json_scan *s)
{
    char c = peek(s);

    if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
        return false;
    s->at++;
    for (int i = 0; c == 'u' && i < 4; i++, s->at++) {
        if (tk_hex_value(peek(s)) < 0)
            return false;
    }
    return true;
}

/* After the opening quote. */
static bool take_characters(struct tk_json_scan *s)
{
    s->text = s->at;
    while (peek(s) != '"') {
        if ((unsigned char)peek(s) < ' ' || (*s->at++ == '\\' && !take_escape(s)))
            return false;
    }
    s->len = (size_t)(s->at++ - s->text);
    return true;
}

static enum tk_scan_item string(struct tk_json_scan *s)
{
    bool is_name = s->expect & NAME;

    if (!(s->expect & (NAME | VALUE)) || !take_characters(s))
        return bad(s);
    if (is_name)
        s->expect = COLON;
    else
        after_value(s);
    return is_name ? TK_SCAN_NAME : TK_SCAN_STRING;
}

static bool take_digits(struct tk_json_scan *s)
{
    const char *from = s->at;

    while (tk_is_digit(peek(s)))
        s->at++;
    return s->at > from;
}

/* [-] int [. digits] [e [+-] digits], without leading zeros (RFC 8259 section 6). */
static bool take_number(struct tk_json_scan *s)
{
    (void)take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return false;
    if (take(s, '.') && !take_digits(s))
        return false;
    if (tk_lower(peek(s)) != 'e')
        return true;
    s->at++;
    if (!take(s, '+'))
        (void)take(s, '-');
    return take_digits(s);
}

static bool take_literal(struct tk_json_scan *s)
{
    static const char literals[][6] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        size_t len = strlen(literals[i]);

        if ((size_t)(s->end - s->at) >= len && memcmp(s->at, literals[i], len) == 0) {
            s->at += len;
            return true;
        }
    }
    return false;
}

static enum tk_scan_item other(struct tk_json_scan *s)
{
    s->text = s->at;
    if (!(s->expect & VALUE) || (!take_literal(s) && !take_number(s)))
        return bad(s);
    s->len = (size_t)(s->at - s->text);
    after_value(s);
    return TK_SCAN_OTHER;
}

/* Passes white space, and the comma or colon that may come. */
static void pass(struct tk_json_scan *s)
{
    for (; s->at < s->end; s->at++) {
        char c = *s->at;

        if (c == ',' && s->expect & COMMA)
            s->expect = s->is_object & 1 ? NAME : VALUE;
        else if (c == ':' && s->expect & COLON)
            s->expect = VALUE;
        else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return;
    }
}

enum tk_scan_item tk_json_scan(struct tk_json_scan *s)
{
    pass(s);
    if (s->at >= s->end)
        return s->expect == 0 ? TK_SCAN_END : bad(s);
    if (take(s, '{'))
        return open(s, true);
    if (take(s, '['))
        return open(s, false);
    if (take(s, '}'))
        return close(s, true);
    if (take(s, ']'))
        return close(s, false);
    return take(s, '"') ? string(s) : other(s);
}

bool tk_json_scan_is(const struct tk_json_scan *s, const char *word)
{
    return s->len == strlen(word) && memcmp(s->text, word, s->len) == 0;
}

bool tk_json_is_valid(const char *text, size_t len, bool object)
{
    struct tk_json_scan s;
    enum tk_scan_item item;

    tk_json_scan_begin(&s, text, len);
    item = tk_json_scan(&s);
    if (object && !(item == TK_SCAN_OPEN && s.is_object & 1))
        return false;
    while (item > TK_SCAN_END)
        item = tk_json_scan(&s);
    return item == TK_SCAN_END;
}
