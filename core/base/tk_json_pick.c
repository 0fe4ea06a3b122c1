/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_json_pick.h"

#include "tk_assert.h"
#include "tk_string.h"

#include <string.h>

enum { SEARCH, NAME, COLON, VALUE, PRIMITIVE, SKIP, NEXT };

/* Of values. */
enum { NONE, STRING, NUMBER, OTHER };

enum { NO_FIELD = 0xff };

/* A slot: kind 1 | length 4 | characters | NUL */
enum { KIND = 0, LENGTH = 1, TEXT = 5, SLOT = TEXT + 1 };

static char *slot(const struct tk_json_pick *p, unsigned field)
{
    char *at = p->slots;

    for (unsigned i = 0; i < field; i++)
        at += p->fields->of[i].max + SLOT;
    return at;
}

size_t tk_json_pick_size(const struct tk_json_fields *fields)
{
    const struct tk_json_pick p = {.fields = fields};

    return (size_t)(slot(&p, fields->count) - p.slots);
}

void tk_json_pick_begin(struct tk_json_pick *p, const struct tk_json_fields *fields, char *memory)
{
    TK_ASSERT(fields->count <= 16);
    *p = (struct tk_json_pick){.fields = fields, .slots = memory};
    for (unsigned i = 0; i < fields->count; i++)
        slot(p, i)[KIND] = NONE;
}

/* --- names --- */

static void name_begins(struct tk_json_pick *p)
{
    p->at = p->is_inside;
    p->candidates = 0;
    for (unsigned i = 0; i < p->fields->count; i++) {
        if ((p->fields->of[i].name[0] == '.') == p->is_inside)
            p->candidates |= (uint16_t)(1u << i);
    }
}

/* c: '\0' at its end. */
static void name_goes_on(struct tk_json_pick *p, char c)
{
    p->field = NO_FIELD;
    for (unsigned i = 0; i < p->fields->count; i++) {
        if (!(p->candidates >> i & 1))
            continue;
        if (p->fields->of[i].name[p->at] != c)
            p->candidates &= (uint16_t) ~(1u << i);
        else
            p->field = (uint8_t)i;
    }
    p->at++;
}

/* --- values --- */

/* A string is replaced by another string only. */
static void value_begins(struct tk_json_pick *p, char first)
{
    p->at = 0;
    if (p->field == NO_FIELD)
        return;
    char *kind = slot(p, p->field) + KIND;

    if (*kind == STRING && first != '"')
        p->field = NO_FIELD;
    else
        *kind = NONE;
}

static void value_goes_on(struct tk_json_pick *p, char c)
{
    if ((unsigned char)c < ' ')
        c = TK_JSON_OTHER;
    if (p->field != NO_FIELD && p->at < p->fields->of[p->field].max)
        slot(p, p->field)[TEXT + p->at] = c;
    p->at++;
}

static void value_ends(struct tk_json_pick *p, int kind)
{
    p->state = NEXT;
    if (p->field == NO_FIELD)
        return;
    char *s = slot(p, p->field);
    uint16_t max = p->fields->of[p->field].max;

    if (kind == NUMBER && s[TEXT] != '-' && !tk_is_digit(s[TEXT]))
        kind = OTHER;
    s[KIND] = (char)kind;
    memcpy(s + LENGTH, &p->at, sizeof p->at);
    s[TEXT + (p->at < max ? p->at : max)] = '\0';
    p->is_picked = true;
}

/* --- strings --- */

static void put(struct tk_json_pick *p, char c)
{
    if (p->state == NAME)
        name_goes_on(p, c == '\0' ? TK_JSON_OTHER : c);
    else if (p->state == VALUE)
        value_goes_on(p, c);
}

static void string_ends(struct tk_json_pick *p)
{
    p->in_string = false;
    if (p->state == NAME) {
        name_goes_on(p, '\0');
        p->state = COLON;
    } else if (p->state == VALUE) {
        value_ends(p, STRING);
    }
}

/* After a backslash. True if c belongs to the escape sequence. */
static bool escaped(struct tk_json_pick *p, char c)
{
    int digit = p->escape > 1 ? tk_hex_value(c) : 0;

    if (p->escape == 1) {
        p->code = c == '"' || c == '\\' || c == '/' ? (uint16_t)c : 0;
        p->escape = c == 'u' ? 2 : 6;
    } else if (digit < 0) {
        p->code = 0;
        p->escape = 6;
    } else {
        p->code = (uint16_t)(p->code << 4 | digit);
        p->escape++;
    }
    if (p->escape < 6)
        return true;
    p->escape = 0;
    put(p, p->code < TK_JSON_OTHER ? (char)p->code : TK_JSON_OTHER);
    return digit >= 0;
}

static void string_byte(struct tk_json_pick *p, char c)
{
    if (p->escape > 0 && escaped(p, c))
        return;
    if (c == '"')
        string_ends(p);
    else if (c == '\\')
        p->escape = 1;
    else
        put(p, c);
}

/* --- structure --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Between documents. A brace begins the object, unless that was found before. */
static void search_byte(struct tk_json_pick *p, char c)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (c == '{' && !(p->is_complete && p->is_picked)) {
        p->is_odd |= p->is_complete;
        p->is_complete = false;
        p->state = NAME;
    } else if (!p->is_odd && p->at < 3 && c == mark[p->at]) {
        p->at++;
    } else if (!is_space(c)) {
        p->is_odd = true;
    }
}

/* Not JSON. What was picked remains; else the object may come later. */
static void fail(struct tk_json_pick *p, char c)
{
    p->is_odd = true;
    p->is_complete = p->is_picked;
    p->is_inside = false;
    p->state = SEARCH;
    search_byte(p, c);
}

static void object_ends(struct tk_json_pick *p)
{
    if (p->is_inside) {
        p->is_inside = false;
        p->field = 0;
        p->at = 0;
        value_ends(p, OTHER);
        return;
    }
    p->is_complete = true;
    p->state = SEARCH;
}

static void string_begins(struct tk_json_pick *p)
{
    p->in_string = true;
    p->escape = 0;
}

static void begin_value(struct tk_json_pick *p, char c)
{
    value_begins(p, c);
    if (c == '"') {
        string_begins(p);
    } else if (c == '{' && p->field == 0 && !p->is_inside) {
        p->is_inside = true;
        p->state = NAME;
    } else if (c == '{' || c == '[') {
        p->depth = 1;
        p->state = SKIP;
    } else if (tk_is_alnum(c) || c == '-') {
        value_goes_on(p, c);
        p->state = PRIMITIVE;
    } else {
        fail(p, c);
    }
}

static void skip_byte(struct tk_json_pick *p, char c)
{
    if (c == '"')
        string_begins(p);
    else if (c == '{' || c == '[')
        p->depth++;
    else if ((c == '}' || c == ']') && --p->depth == 0)
        value_ends(p, OTHER);
}

static void next_byte(struct tk_json_pick *p, char c)
{
    if (c == ',')
        p->state = NAME;
    else if (c == '}')
        object_ends(p);
    else
        fail(p, c);
}

static void name_byte(struct tk_json_pick *p, char c)
{
    if (c == '"') {
        name_begins(p);
        string_begins(p);
    } else if (c == '}') {
        object_ends(p);
    } else {
        fail(p, c);
    }
}

static void token_byte(struct tk_json_pick *p, char c)
{
    switch (p->state) {
    case NAME:
        name_byte(p, c);
        break;
    case COLON:
        if (c == ':')
            p->state = VALUE;
        else
            fail(p, c);
        break;
    case VALUE:
        begin_value(p, c);
        break;
    default: /* NEXT */
        next_byte(p, c);
    }
}

static void byte(struct tk_json_pick *p, char c)
{
    if (p->state == PRIMITIVE && (is_space(c) || c == ',' || c == '}' || c == ']'))
        value_ends(p, NUMBER);
    if (p->in_string)
        string_byte(p, c);
    else if (p->state == PRIMITIVE)
        value_goes_on(p, c);
    else if (p->state == SEARCH)
        search_byte(p, c);
    else if (p->state == SKIP)
        skip_byte(p, c);
    else if (!is_space(c))
        token_byte(p, c);
}

void tk_json_pick_feed(struct tk_json_pick *p, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        byte(p, data[i]);
}

/* --- the result --- */

bool tk_json_pick_is_clean(const struct tk_json_pick *p)
{
    return !p->is_odd;
}

bool tk_json_pick_is_whole(const struct tk_json_pick *p)
{
    return p->is_complete && !p->is_odd;
}

bool tk_json_pick_has(const struct tk_json_pick *p, unsigned field)
{
    return slot(p, field)[KIND] != NONE;
}

const char *tk_json_pick_text(const struct tk_json_pick *p, unsigned field, uint32_t *len)
{
    const char *s = slot(p, field);

    if (s[KIND] != STRING && s[KIND] != NUMBER)
        return NULL;
    memcpy(len, s + LENGTH, sizeof *len);
    return s + TEXT;
}
