/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_corezoid.h"

#include "tk_json_scan.h"
#include "tk_sha1.h"

#include <string.h>

void tk_corezoid_path(struct tk_text *t, const char *login, int64_t unix_s)
{
    tk_text_print(t, "/api/2/json/%s/", login);
    tk_text_int(t, unix_s);
    tk_text_char(t, '/');
    for (int i = 0; i < TK_COREZOID_SIGNATURE; i++)
        tk_text_char(t, '0');
}

void tk_corezoid_sign(char out[TK_COREZOID_SIGNATURE], const char *key, int64_t unix_s,
                      const char *body, size_t len)
{
    char text[TK_COREZOID_SIGNATURE + 1];
    uint8_t digest[TK_SHA1_SIZE];
    struct tk_sha1 sha1;
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_text_int(&t, unix_s);
    tk_sha1_begin(&sha1);
    tk_sha1_add(&sha1, text, t.len);
    tk_sha1_add(&sha1, key, strlen(key));
    tk_sha1_add(&sha1, body, len);
    tk_sha1_add(&sha1, key, strlen(key));
    tk_sha1_end(&sha1, digest);
    tk_text_init(&t, text, sizeof text);
    tk_text_hex(&t, digest, sizeof digest);
    memcpy(out, text, TK_COREZOID_SIGNATURE);
}

void tk_corezoid_begin(struct tk_text *t, const char *conv, const char *ref)
{
    tk_text_print(t,
                  "{\"ops\":[{\"type\":\"create\",\"obj\":\"task\",\"conv_id\":%s,\"ref\":", conv);
    tk_text_json(t, ref);
    tk_text_add(t, ",\"data\":");
}

void tk_corezoid_end(struct tk_text *t)
{
    tk_text_add(t, "}]}");
}

/* A task that was accepted before, but whose response was lost. The text (sic) is from Corezoid's
 * documentation. */
static bool is_duplicate(const struct tk_json_scan *s)
{
    static const char words[] = "not unical ref";
    size_t len = sizeof words - 1;

    for (size_t i = 0; i + len <= s->len; i++) {
        if (memcmp(s->text + i, words, len) == 0)
            return true;
    }
    return false;
}

/* What the response says: {"request_proc":"ok","ops":[{"proc":"ok"}, ...]} */
struct outcome {
    enum { PACKAGE, PROC, DESCRIPTION, ELSE } member; /* whose value comes next */
    bool in_ops;
    bool has_package;
    bool is_package_ok;
    bool is_op_ok;
    bool are_ops_ok;
};

static void read_name(struct outcome *o, const struct tk_json_scan *s)
{
    o->member = ELSE;
    if (s->depth == 1)
        o->in_ops = tk_json_scan_is(s, "ops");
    if (s->depth == 1 && tk_json_scan_is(s, "request_proc")) {
        o->member = PACKAGE;
        o->has_package = true;
    } else if (s->depth == 3 && tk_json_scan_is(s, "proc")) {
        o->member = PROC;
    } else if (s->depth == 3 && tk_json_scan_is(s, "description")) {
        o->member = DESCRIPTION;
    }
}

static void read_value(struct outcome *o, const struct tk_json_scan *s)
{
    if (o->member == PACKAGE)
        o->is_package_ok = tk_json_scan_is(s, "ok");
    if (o->in_ops && o->member == PROC)
        o->is_op_ok |= tk_json_scan_is(s, "ok");
    if (o->in_ops && o->member == DESCRIPTION)
        o->is_op_ok |= is_duplicate(s);
}

/* Each element of ops counts. */
static void read_item(struct outcome *o, enum tk_scan_item item, const struct tk_json_scan *s)
{
    if (item == TK_SCAN_NAME)
        read_name(o, s);
    else if (item == TK_SCAN_STRING)
        read_value(o, s);
    if (item == TK_SCAN_OPEN && s->depth == 3)
        o->is_op_ok = false;
    else if (o->in_ops && s->depth == 2 && item != TK_SCAN_OPEN)
        o->are_ops_ok &= item == TK_SCAN_CLOSE && o->is_op_ok;
}

enum tk_err tk_corezoid_read_response(const struct tk_http *response)
{
    struct outcome o = {.are_ops_ok = true};
    struct tk_json_scan s;
    enum tk_scan_item item;

    tk_json_scan_begin(&s, response->body, response->body_len);
    while ((item = tk_json_scan(&s)) > TK_SCAN_END)
        read_item(&o, item, &s);
    if (item == TK_SCAN_BAD || !o.has_package)
        return response->coding[0] != '\0' ? TK_E_HTTP_CODED : TK_E_BAD_ANSWER;
    return o.is_package_ok && o.are_ops_ok ? TK_OK : TK_E_ESCALATE_REFUSED;
}
