/* SPDX-License-Identifier: Apache-2.0 */
#include "json_members.h"

#include "tk_json.h"
#include "tk_string.h"

#include <string.h>

enum { WRITTEN_MAX = 6 * TK_MEMBER_NAME /* bytes, where each character is escaped */ };

bool tk_member_decode(const char *text, size_t len, char name[TK_MEMBER_NAME + 1])
{
    char copy[WRITTEN_MAX + 3]; /* and the quotes */
    jsmntok_t token;
    struct tk_json j;
    const char *decoded = NULL;

    name[0] = '\0';
    if (len > WRITTEN_MAX)
        return false;
    copy[0] = copy[len + 1] = '"';
    memcpy(copy + 1, text, len);
    copy[len + 2] = '\0';
    if (tk_json_parse(&j, copy, len + 2, &token, 1))
        decoded = tk_json_text(&j, 0);
    return decoded != NULL && tk_copy(name, TK_MEMBER_NAME + 1, decoded);
}

/* Passes over the value that has just begun with item. */
static enum tk_scan_item pass_value(struct tk_json_scan *s, enum tk_scan_item item)
{
    unsigned outer = s->depth - (item == TK_SCAN_OPEN ? 1U : 0U);

    while (item > TK_SCAN_END && s->depth > outer)
        item = tk_json_scan(s);
    return item;
}

bool tk_members_begin(struct tk_json_scan *s, const char *text, size_t len)
{
    tk_json_scan_begin(s, text, len);
    return tk_json_scan(s) == TK_SCAN_OPEN && (s->is_object & 1) != 0;
}

bool tk_members_next(struct tk_json_scan *s, struct tk_member *m)
{
    if (tk_json_scan(s) != TK_SCAN_NAME)
        return false;
    (void)tk_member_decode(s->text, s->len, m->name);
    m->text = s->text - 1;
    m->kind = tk_json_scan(s);
    m->is_object = m->kind == TK_SCAN_OPEN && (s->is_object & 1) != 0;
    m->value = m->kind == TK_SCAN_OPEN ? s->at - 1 : s->text - (m->kind == TK_SCAN_STRING ? 1 : 0);
    if (pass_value(s, m->kind) <= TK_SCAN_END)
        return false;
    m->value_len = (size_t)(s->at - m->value);
    m->text_len = (size_t)(s->at - m->text);
    return true;
}

bool tk_member_is_empty(const struct tk_member *m)
{
    struct tk_json_scan s;

    tk_json_scan_begin(&s, m->value, m->value_len);
    return tk_json_scan(&s) == TK_SCAN_OPEN && tk_json_scan(&s) == TK_SCAN_CLOSE;
}
