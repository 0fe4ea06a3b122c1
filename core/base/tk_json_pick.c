/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_json_pick.h"

#include "tk_assert.h"
#include "tk_string.h"
#include "tk_wipe.h"

#include <string.h>

enum { SEARCH, NAME, COLON, VALUE, PRIMITIVE, SKIP, NEXT };

/* Of values. */
enum { NONE, STRING, NUMBER, OTHER };

enum { NO_FIELD = 0xff };

enum { SHAPE_MAX = 8 }; /* levels of nesting that p->shape holds */

enum { RUN_MAX = 64 }; /* so that a string of escapes is not searched to its end for each */

/* A slot: kind 1 | length 4 | characters | NUL */
enum { KIND = 0, LENGTH = 1, TEXT = 5, SLOT = TEXT + 1 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the slot of a field begins. */
static size_t offset(const struct tk_json_fields *fields, unsigned field)
{
    size_t at = 0;

    for (unsigned i = 0; i < field; i++)
        at += fields->of[i].max + SLOT;
    return at;
}

static char *slot(const struct tk_json_pick *p, unsigned field)
{
    return p->slots + offset(p->fields, field);
}

size_t tk_json_pick_size(const struct tk_json_fields *fields)
{
    return offset(fields, fields->count);
}

void tk_json_pick_begin(struct tk_json_pick *p, const struct tk_json_fields *fields, char *memory)
{
    TK_ASSERT(fields->count <= 16);
    *p = (struct tk_json_pick){.fields = fields, .slots = memory};
    for (unsigned i = 0; i < fields->count; i++) {
        memory[KIND] = NONE;
        memory += fields->of[i].max + SLOT;
    }
}

/* --- characters of names and values --- */

/* None of them is '\0'. */
static void append(struct tk_json_pick *p, const char *data, size_t len)
{
    size_t room = p->at < p->max ? p->max - p->at : 0;
    size_t kept = len < room ? len : room;
    char *to = p->to + p->at;

    p->at += (uint32_t)len;
    if (kept == 0)
        return;
    memcpy(to, data, kept);
    for (; tk_contains_control(to, kept); to++, kept--) {
        if ((unsigned char)*to < ' ')
            *to = TK_JSON_OTHER;
    }
}

/* --- names --- */

static void name_begins(struct tk_json_pick *p)
{
    p->to = p->name;
    p->max = TK_JSON_NAME_MAX;
    p->at = 0;
    if (p->inside)
        append(p, ".", 1);
}

static void terminate_name(struct tk_json_pick *p)
{
    p->name[p->at < p->max ? p->at : p->max] = '\0';
}

static bool is_name(const struct tk_json_pick *p, const char *name)
{
    if (p->fields->any_case)
        return tk_same_nocase(name, p->name);
    return name[0] == p->name[0] && strcmp(name, p->name) == 0;
}

static void name_ends(struct tk_json_pick *p)
{
    const struct tk_json_field *of = p->fields->of;
    unsigned i = p->inside;

    p->state = COLON;
    terminate_name(p);
    if (!p->inside && p->name[0] == '.')
        p->name[0] = TK_JSON_OTHER; /* is no name inside an object */
    while (i < p->fields->count && !is_name(p, of[i].name))
        i = p->inside && of[i].name[0] != '.' ? p->fields->count : i + 1;
    p->field = i < p->fields->count && p->at <= p->max ? (uint8_t)i : NO_FIELD;
    if (p->first == 0)
        p->first = (uint8_t)(p->field + 2); /* NO_FIELD: 1 */
}

/* --- values --- */

static void wipe_value(struct tk_json_pick *p, unsigned field)
{
    char *s = slot(p, field);
    uint32_t len, max = p->fields->of[field].max;

    if (s[KIND] == NONE)
        return;
    memcpy(&len, s + LENGTH, sizeof len);
    tk_wipe(s + TEXT, len < max ? len : max);
    s[KIND] = NONE;
}

/* A string is replaced by another string only. */
static void value_begins(struct tk_json_pick *p, char first)
{
    p->at = 0;
    p->max = 0;
    p->slot = NULL;
    if (p->field == NO_FIELD)
        return;
    p->slot = slot(p, p->field);
    if (p->slot[KIND] == STRING && first != '"') {
        p->field = NO_FIELD;
        p->slot = NULL;
        return;
    }
    wipe_value(p, p->field);
    p->to = p->slot + TEXT;
    p->max = p->fields->of[p->field].max;
}

static void value_ends(struct tk_json_pick *p, int kind)
{
    p->state = NEXT;
    char *s = p->slot;

    if (s == NULL)
        return;
    uint16_t max = p->fields->of[p->field].max;

    if (kind == NUMBER && (max == 0 || (s[TEXT] != '-' && !tk_is_digit(s[TEXT]))))
        kind = OTHER;
    s[KIND] = (char)kind;
    memcpy(s + LENGTH, &p->at, sizeof p->at);
    s[TEXT + (p->at < max ? p->at : max)] = '\0';
    p->is_picked = true;
}

/* --- rows --- */

/* Within an object in a list that is the value of the field, or a member of it. */
static bool in_row(const struct tk_json_pick *p)
{
    return p->shape == 2 && (p->depth == 2 || p->depth == 3) && p->fields->row_id != NULL &&
           p->field == p->fields->rows;
}

/* A name or a string value of a row. */
static void row_text_begins(struct tk_json_pick *p)
{
    p->to = p->name;
    p->at = 0;
    p->max = TK_JSON_NAME_MAX;
}

/* A byte of a row outside of strings. p->name: the string before it, or a number. */
static void row_byte(struct tk_json_pick *p, char c)
{
    if (c == ':') {
        terminate_name(p);
        p->is_row_id = p->at <= p->max && tk_same_nocase(p->name, p->fields->row_id);
        p->at = 0;
    } else if (c == ',' || c == '}') {
        if (p->is_row_id && !tk_parse_u64(p->name, p->at, UINT64_MAX, &p->row))
            p->row = 0;
        p->is_row_id = false;
    } else if (!is_space(c)) {
        append(p, &c, 1);
    }
}

/* --- strings --- */

static bool is_collecting(const struct tk_json_pick *p)
{
    return p->state != SKIP || in_row(p);
}

static void put(struct tk_json_pick *p, char c)
{
    if (is_collecting(p))
        append(p, &c, 1);
}

static void string_ends(struct tk_json_pick *p)
{
    p->in_string = false;
    if (p->state == NAME)
        name_ends(p);
    else if (p->state == VALUE)
        value_ends(p, STRING);
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

/* The characters at the beginning of data that mean themselves in a string. Returns how many; there
 * may be more. */
static size_t plain_characters(struct tk_json_pick *p, const char *data, size_t len)
{
    const char *end;

    if (!p->in_string || p->escape > 0)
        return 0;
    if (len > RUN_MAX)
        len = RUN_MAX;
    end = memchr(data, '"', len);
    if (end != NULL)
        len = (size_t)(end - data);
    end = memchr(data, '\\', len);
    if (end != NULL)
        len = (size_t)(end - data);
    if (is_collecting(p))
        append(p, data, len);
    return len;
}

/* --- structure --- */

/* Between documents. A brace begins the object, unless that was found before. */
static void search_byte(struct tk_json_pick *p, char c)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (c == '{' && !(p->is_complete && p->is_picked)) {
        p->is_malformed |= p->is_complete;
        p->is_complete = false;
        p->state = NAME;
    } else if (!p->is_malformed && p->at < 3 && c == mark[p->at]) {
        p->at++;
    } else if (!is_space(c)) {
        p->is_malformed = true;
    }
}

/* Not JSON. What was picked remains; else the object may come later. */
static void fail(struct tk_json_pick *p, char c)
{
    p->is_malformed = true;
    p->is_complete = p->is_picked;
    p->inside = 0;
    p->state = SEARCH;
    search_byte(p, c);
}

static void object_ends(struct tk_json_pick *p)
{
    if (p->inside) {
        p->field = (uint8_t)(p->inside - 1);
        p->inside = 0;
        p->at = 0;
        p->slot = slot(p, p->field);
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
    if (p->state == SKIP)
        row_text_begins(p);
}

/* True if the fields after it are members of its object. */
static bool has_members(const struct tk_json_pick *p)
{
    unsigned next = p->field + 1U;

    return !p->inside && next < p->fields->count && p->fields->of[next].name[0] == '.';
}

static void begin_value(struct tk_json_pick *p, char c)
{
    value_begins(p, c);
    if (c == '"') {
        string_begins(p);
    } else if (c == '{' && has_members(p)) {
        p->inside = (uint8_t)(p->field + 1);
        p->state = NAME;
    } else if (c == '{' || c == '[') {
        p->depth = 1;
        p->shape = c == '[';
        p->state = SKIP;
    } else if (tk_is_alnum(c) || c == '-') {
        append(p, &c, 1);
        p->state = PRIMITIVE;
    } else {
        fail(p, c);
    }
}

static void skip_byte(struct tk_json_pick *p, char c)
{
    if (in_row(p))
        row_byte(p, c);
    if (c == '"') {
        string_begins(p);
    } else if (c == '{' || c == '[') {
        if (++p->depth <= SHAPE_MAX)
            p->shape = (uint8_t)(p->shape << 1 | (c == '['));
    } else if (c == '}' || c == ']') {
        if (p->depth-- <= SHAPE_MAX)
            p->shape >>= 1;
        if (p->depth == 0)
            value_ends(p, OTHER);
    }
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
        append(p, &c, 1);
    else if (p->state == SEARCH)
        search_byte(p, c);
    else if (p->state == SKIP)
        skip_byte(p, c);
    else if (!is_space(c))
        token_byte(p, c);
}

void tk_json_pick_feed(struct tk_json_pick *p, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        i += plain_characters(p, data + i, len - i);
        if (i < len)
            byte(p, data[i]);
    }
}

/* --- the result --- */

bool tk_json_pick_is_clean(const struct tk_json_pick *p)
{
    return !p->is_malformed;
}

bool tk_json_pick_is_whole(const struct tk_json_pick *p)
{
    return p->is_complete && !p->is_malformed;
}

bool tk_json_pick_first(const struct tk_json_pick *p, unsigned *field)
{
    *field = p->first < 2 ? p->fields->count : p->first - 2U;
    return p->first > 0;
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

void tk_json_pick_wipe(struct tk_json_pick *p)
{
    for (unsigned i = 0; i < p->fields->count; i++)
        wipe_value(p, i);
    if (p->slot != NULL && p->state != SKIP) /* perhaps unfinished */
        tk_wipe(p->slot + TEXT, p->at < p->max ? p->at : p->max);
}
