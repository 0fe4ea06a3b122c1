/* SPDX-License-Identifier: Apache-2.0 */
#include "php_query.h"

#include "json_members.h"
#include "tk_json.h"
#include "tk_string.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MAX_LEN = 1024 /* of a nested name */ };

struct query {
    struct tk_buffer *out;
    struct tk_buffer path; /* the name of the value that is read, encoded */
    struct tk_json_scan scan;
    tk_query_knows *knows;
    const void *owner;
    bool is_begun;
    char *error;
};

static bool refuse(struct query *q, const char *words)
{
    (void)snprintf(q->error, TK_QUERY_ERROR, "%.60s: %s",
                   q->path.len > 0 ? q->path.bytes : "params", words);
    return false;
}

static void encode(struct tk_buffer *out, const char *text, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

        if (tk_is_alnum(text[i]) || (c != '\0' && strchr("-._~", c) != NULL))
            tk_buffer_char(out, text[i]);
        else
            tk_buffer_addn(out, escape, sizeof escape);
    }
}

/* --- values --- */

static void add_pair(struct query *q, const char *value, size_t len)
{
    if (q->is_begun)
        tk_buffer_char(q->out, '&');
    q->is_begun = true;
    tk_buffer_addn(q->out, q->path.bytes, q->path.len);
    tk_buffer_char(q->out, '=');
    encode(q->out, value, len);
}

/* The string that was just read, of any length. */
static bool add_string(struct query *q)
{
    struct tk_buffer copy = {.max = q->scan.len + 2};
    jsmntok_t token;
    struct tk_json j;
    const char *text = NULL;
    bool is_reference;

    tk_buffer_char(&copy, '"');
    tk_buffer_addn(&copy, q->scan.text, q->scan.len);
    tk_buffer_char(&copy, '"');
    if (tk_buffer_ok(&copy) && tk_json_parse(&j, copy.bytes, copy.len, &token, 1))
        text = tk_json_text(&j, 0);
    is_reference = text != NULL && strstr(text, "$result[") != NULL;
    if (text != NULL && !is_reference)
        add_pair(q, text, strlen(text));
    tk_buffer_free(&copy);
    if (text == NULL)
        return refuse(q, "text with a NUL character cannot be sent");
    return !is_reference ||
           refuse(q, "text with $result[ would be taken for a reference; use {\"ref\":\"a.ID\"}");
}

static bool add_other(struct query *q)
{
    if (q->scan.text[0] == 't' || q->scan.text[0] == 'f')
        add_pair(q, q->scan.text[0] == 't' ? "1" : "0", 1);
    else if (q->scan.text[0] == 'n')
        add_pair(q, "", 0);
    else
        add_pair(q, q->scan.text, q->scan.len);
    return true;
}

/* --- references --- */

/* The text of {"ref":"text"} that has just begun; the scan is behind it then. */
static bool take_reference(struct query *q, char text[TK_MEMBER_NAME + 1])
{
    struct tk_json_scan s = q->scan;

    if ((s.is_object & 1) == 0 || tk_json_scan(&s) != TK_SCAN_NAME || !tk_json_scan_is(&s, "ref") ||
        tk_json_scan(&s) != TK_SCAN_STRING || !tk_member_decode(s.text, s.len, text) ||
        tk_json_scan(&s) != TK_SCAN_CLOSE)
        return false;
    q->scan = s;
    return true;
}

size_t tk_query_word(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
}

static bool add_reference(struct query *q, const char *text)
{
    struct tk_buffer value = {.max = 4 * TK_MEMBER_NAME};

    if (!q->knows(q->owner, text, strcspn(text, ".")))
        return refuse(q, "ref names no command before this one in the same 50");
    tk_buffer_add(&value, "$result");
    for (const char *at = text; at != NULL;) {
        size_t len = tk_query_word(at);

        if (len == 0 || (at[len] != '.' && at[len] != '\0')) {
            tk_buffer_free(&value);
            return refuse(q, "ref is a command's id and names or indexes, with dots between them");
        }
        tk_buffer_char(&value, '[');
        tk_buffer_addn(&value, at, len);
        tk_buffer_char(&value, ']');
        at = at[len] == '.' ? at + len + 1 : NULL;
    }
    add_pair(q, value.bytes, value.len);
    tk_buffer_free(&value);
    return true;
}

/* --- names --- */

static bool add_value(struct query *q, enum tk_scan_item item);

/* Adds the value that begins with item under one more name, text[0..len). */
static bool add_member(struct query *q, const char *text, size_t len, enum tk_scan_item item)
{
    size_t before = q->path.len;
    bool ok;

    if (before > 0)
        tk_buffer_char(&q->path, '[');
    encode(&q->path, text, len);
    if (before > 0)
        tk_buffer_char(&q->path, ']');
    if (!tk_buffer_ok(&q->path))
        return refuse(q, "its name is too long");
    ok = add_value(q, item);
    if (ok)
        tk_buffer_cut(&q->path, before);
    return ok;
}

static bool add_object(struct query *q)
{
    char name[TK_MEMBER_NAME + 1];

    while (tk_json_scan(&q->scan) == TK_SCAN_NAME) {
        if (!tk_member_decode(q->scan.text, q->scan.len, name) || name[0] == '\0')
            return refuse(q, "a name in it is empty or too long");
        if (!add_member(q, name, strlen(name), tk_json_scan(&q->scan)))
            return false;
    }
    return true;
}

static bool add_list(struct query *q)
{
    enum tk_scan_item item;

    for (unsigned i = 0; (item = tk_json_scan(&q->scan)) > TK_SCAN_END && item != TK_SCAN_CLOSE;
         i++) {
        char index[12];

        (void)snprintf(index, sizeof index, "%u", i);
        if (!add_member(q, index, strlen(index), item))
            return false;
    }
    return true;
}

/* The list or object that has just begun. */
static bool add_container(struct query *q)
{
    char text[TK_MEMBER_NAME + 1];
    struct tk_json_scan s = q->scan;

    if (q->path.len > 0 && take_reference(q, text))
        return add_reference(q, text);
    if (q->path.len > 0 && tk_json_scan(&s) == TK_SCAN_CLOSE)
        return refuse(q, "an empty list or object cannot be sent in a batch");
    return (q->scan.is_object & 1) != 0 ? add_object(q) : add_list(q);
}

static bool add_value(struct query *q, enum tk_scan_item item)
{
    if (item == TK_SCAN_OPEN)
        return add_container(q);
    return item == TK_SCAN_STRING ? add_string(q) : add_other(q);
}

bool tk_query_make(struct tk_buffer *out, const char *params, size_t len, tk_query_knows *knows,
                   const void *owner, char error[TK_QUERY_ERROR])
{
    struct query q = {
        .out = out, .path = {.max = PATH_MAX_LEN}, .knows = knows, .owner = owner, .error = error};
    bool ok;

    tk_json_scan_begin(&q.scan, params, len);
    ok = tk_json_scan(&q.scan) == TK_SCAN_OPEN && add_container(&q);
    tk_buffer_free(&q.path);
    return ok && tk_buffer_ok(out);
}
