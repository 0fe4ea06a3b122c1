/* SPDX-License-Identifier: Apache-2.0 */
#include "call_rows.h"

#include "call.h"
#include "host.h"
#include "json_members.h"
#include "tk_string.h"

#include <string.h>

/* --- the ID of a row --- */

bool tk_rows_id(const char *row, size_t len, const char *id_key, uint64_t *id)
{
    struct tk_json_scan s;
    struct tk_member m;

    if (!tk_members_begin(&s, row, len))
        return false;
    while (tk_members_next(&s, &m)) {
        const char *digits = m.kind == TK_SCAN_STRING ? m.value + 1 : m.value;
        size_t digits_len = m.value_len - (m.kind == TK_SCAN_STRING ? 2 : 0);

        if (m.kind != TK_SCAN_OPEN && tk_same_nocase(m.name, id_key))
            return tk_parse_u64(digits, digits_len, INT64_MAX, id);
    }
    return false;
}

/* Modules that were made later name their fields in camel case. */
const char *tk_rows_id_key(const char *method)
{
    static const char *const later[] = {"crm.item.", "catalog.", "sale."};

    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (tk_same_nocase_n(method, later[i], strlen(later[i])))
            return "id";
    }
    return "ID";
}

/* --- the body of a page --- */

static bool refuse(const char *words)
{
    tk_host_message("%s", words);
    return false;
}

/* What stands between the brackets of an object or list. */
static void add_inner(struct tk_buffer *out, const struct tk_member *m)
{
    tk_buffer_addn(out, m->value + 1, m->value_len - 2);
}

/* The caller's filter, open for one more member. */
static bool add_filter(struct tk_buffer *out, const struct tk_member *m, const char *id_key)
{
    struct tk_json_scan s;
    struct tk_member of;

    tk_buffer_json(out, m->name, strlen(m->name));
    tk_buffer_add(out, ":{");
    if (m->kind == TK_SCAN_OPEN &&
        tk_member_is_empty(m)) /* PHP's empty list is an empty object, too */
        return true;
    if (!m->is_object || !tk_members_begin(&s, m->value, m->value_len))
        return refuse("filter must be an object: filter[NAME]=value");
    while (tk_members_next(&s, &of)) {
        if (of.name[0] == '>' && tk_same_nocase(of.name + 1, id_key))
            return refuse("--all filters by ID itself; begin with --after instead");
    }
    add_inner(out, m);
    tk_buffer_char(out, ',');
    return true;
}

static bool selects(const struct tk_member *m, const char *id_key)
{
    struct tk_json_scan s;
    char name[TK_MEMBER_NAME + 1];

    tk_json_scan_begin(&s, m->value, m->value_len);
    while (tk_json_scan(&s) > TK_SCAN_END && s.depth > 0) {
        (void)tk_member_decode(s.text != NULL ? s.text : "", s.len, name);
        if (strcmp(name, "*") == 0 || tk_same_nocase(name, id_key))
            return true;
    }
    return false;
}

/* The caller's select, with the ID. */
static bool add_select(struct tk_buffer *out, const struct tk_member *m, const char *id_key)
{
    if (m->kind != TK_SCAN_OPEN || m->is_object)
        return refuse("select must be a list: select[]=NAME");
    tk_buffer_json(out, m->name, strlen(m->name));
    tk_buffer_add(out, ":[");
    add_inner(out, m);
    if (!tk_member_is_empty(m) && !selects(m, id_key)) {
        tk_buffer_char(out, ',');
        tk_buffer_json(out, id_key, strlen(id_key));
    }
    tk_buffer_add(out, "],");
    return true;
}

static void add_end(struct tk_buffer *out, const char *id_key)
{
    tk_buffer_add(out, "},\"order\":{");
    tk_buffer_json(out, id_key, strlen(id_key));
    tk_buffer_add(out, ":\"ASC\"},\"start\":-1}");
}

/* Adds the members but for the filter, which comes last, into *filter. */
static bool add_members(struct tk_buffer *out, struct tk_json_scan *s, const char *id_key,
                        struct tk_member *filter)
{
    struct tk_member m;

    while (tk_members_next(s, &m)) {
        if (tk_same_nocase(m.name, "order") || tk_same_nocase(m.name, "start"))
            return refuse("--all goes by ID: leave out order and start");
        if (tk_same_nocase(m.name, "filter")) {
            *filter = m;
        } else if (tk_same_nocase(m.name, "select")) {
            if (!add_select(out, &m, id_key))
                return false;
        } else {
            tk_buffer_addn(out, m.text, m.text_len);
            tk_buffer_char(out, ',');
        }
    }
    return true;
}

bool tk_rows_make(struct tk_rows_body *out, const char *body, size_t len, const char *id_key)
{
    struct tk_member filter = {
        .name = "filter", .kind = TK_SCAN_OPEN, .value = "[]", .value_len = 2};
    struct tk_json_scan s;

    *out = (struct tk_rows_body){.before = {.max = 2 * TK_CALL_BODY_MAX}, .after = {.max = 1024}};
    tk_buffer_char(&out->before, '{');
    if (!tk_members_begin(&s, body, len) || !add_members(&out->before, &s, id_key, &filter) ||
        !add_filter(&out->before, &filter, id_key))
        return false;
    tk_buffer_add(&out->before, "\">");
    tk_buffer_add(&out->before, id_key);
    tk_buffer_add(&out->before, "\":");
    add_end(&out->after, id_key);
    return (tk_buffer_ok(&out->before) && tk_buffer_ok(&out->after)) ||
           refuse("the parameters are too long");
}

void tk_rows_free(struct tk_rows_body *body)
{
    tk_buffer_free(&body->before);
    tk_buffer_free(&body->after);
}
