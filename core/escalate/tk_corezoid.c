/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_corezoid.h"

#include "tk_http_request.h"
#include "tk_json_scan.h"
#include "tk_limits.h"
#include "tk_sha1.h"

#include <string.h>

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

/* --- credentials --- */

bool tk_corezoid_is_conv(const char *conv)
{
    conv += conv[0] == '-';
    size_t len = strlen(conv);

    return len <= TK_COREZOID_CONV_MAX && strspn(conv, "0123456789") == len && conv[0] != '0';
}

bool tk_corezoid_is_key(const char *key)
{
    return strlen(key) <= TK_COREZOID_KEY_MAX && tk_is_vchar(key);
}

bool tk_corezoid_is_login(const char *login)
{
    size_t len = 0;

    while (tk_is_alnum(login[len]) || (login[len] != '\0' && strchr("-_.", login[len]) != NULL))
        len++;
    return login[len] == '\0' && len <= TK_COREZOID_LOGIN_MAX;
}

/* --- a request --- */

/* The key in place of that of an alert's credentials. */
static uint16_t key_of(const struct tk_corezoid_post *p, uint16_t of_alerts)
{
    return (uint16_t)(p->keys + of_alerts - TK_KEY_COREZOID_LOGIN);
}

static void add_path(const struct tk_corezoid_post *p, struct tk_text *t, const char *base)
{
    char login[TK_COREZOID_LOGIN_MAX + 1];
    size_t len = strcspn(base, "?#");

    (void)tk_storage_text(p->storage, key_of(p, TK_KEY_COREZOID_LOGIN), login, sizeof login,
                          tk_corezoid_is_login);
    tk_text_addn(t, base, len > 0 && base[len - 1] == '/' ? len - 1 : len);
    tk_text_print(t, "/api/2/json/%s/", login);
    tk_text_int(t, p->unix_s);
    tk_text_char(t, '/');
    for (int i = 0; i < TK_COREZOID_SIGNATURE; i++)
        tk_text_char(t, '0');
}

void tk_corezoid_begin(struct tk_corezoid_post *p, const struct tk_host *host, const char *base)
{
    char path[TK_URL_MAX + TK_COREZOID_LOGIN_MAX + 80];
    struct tk_text t;

    tk_text_init(&t, path, sizeof path);
    add_path(p, &t, base);
    p->path_len = t.len;
    p->body_start = tk_http_request(p->out, "POST", host, path, "application/json; charset=utf8");
    tk_wipe(path, sizeof path);
}

void tk_corezoid_op(struct tk_corezoid_post *p, const char *type, const char *ref)
{
    char conv[TK_COREZOID_CONV_MAX + 2];

    (void)tk_storage_text(p->storage, key_of(p, TK_KEY_COREZOID_CONV), conv, sizeof conv,
                          tk_corezoid_is_conv);
    tk_text_print(p->out,
                  "{\"ops\":[{\"type\":\"%s\",\"obj\":\"task\",\"conv_id\":%s,\"ref\":", type,
                  conv[0] == '-' ? conv + 1 : conv);
    tk_text_json(p->out, ref);
    if (type[0] != 's')
        tk_text_add(p->out, ",\"data\":");
}

void tk_corezoid_end(struct tk_corezoid_post *p)
{
    char key[TK_COREZOID_KEY_MAX + 1];
    struct tk_text *out = p->out;
    char *end_of_path = out->buf + strlen("POST ") + p->path_len;

    tk_text_add(out, "}]}");
    (void)tk_storage_text(p->storage, key_of(p, TK_KEY_COREZOID_KEY), key, sizeof key,
                          tk_corezoid_is_key);
    tk_corezoid_sign(end_of_path - TK_COREZOID_SIGNATURE, key, p->unix_s, out->buf + p->body_start,
                     out->len - p->body_start);
    tk_wipe(key, sizeof key);
    tk_http_request_end(out, p->body_start, 0);
}

/* --- a response --- */

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

/* What the response says: {"request_proc":"ok","ops":[{"proc":"ok","data":{...}}, ...]} */
struct outcome {
    uint8_t member; /* of `members`: whose value comes next */
    bool in_ops;
    bool in_data;
    bool has_package;
    bool is_op_ok;
    bool are_ops_ok;
    struct tk_corezoid_seen *seen;
};

/* The members that count, and how deep they stand. From DATA on they are those of data. */
enum { PACKAGE, PROC, DESCRIPTION, DATA, MEMBERS = 6 };
static const char *const members[MEMBERS] = {"request_proc", "proc",    "description",
                                             "device",       "account", "access_token"};
static const uint8_t depths[MEMBERS] = {1, 3, 3, 4, 4, 4};

static void read_name(struct outcome *o, const struct tk_json_scan *s)
{
    if (s->depth == 1)
        o->in_ops = tk_json_scan_is(s, "ops");
    if (s->depth == 3)
        o->in_data = tk_json_scan_is(s, "data");
    for (o->member = 0; o->member < MEMBERS; o->member++) {
        if (depths[o->member] == s->depth && tk_json_scan_is(s, members[o->member]))
            break;
    }
    o->has_package |= o->member == PACKAGE;
}

static void read_value(struct outcome *o, const struct tk_json_scan *s)
{
    struct tk_corezoid_seen *seen = o->seen;
    bool is_ok = tk_json_scan_is(s, "ok");

    if (o->member == PACKAGE)
        seen->is_answer = is_ok;
    if (!o->in_ops || o->member == MEMBERS)
        return;
    if (o->member == PROC)
        o->is_op_ok |= is_ok;
    else if (o->member == DESCRIPTION && is_duplicate(s))
        o->is_op_ok = seen->is_duplicate = true;
    else if (o->member >= DATA && o->in_data && seen->values != NULL &&
             tk_json_scan_is(s, seen->values[o->member - DATA]))
        seen->equal |= (uint8_t)(1 << (o->member - DATA));
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

enum tk_err tk_corezoid_result(enum tk_err err, const struct tk_http *response,
                               struct tk_corezoid_seen *seen)
{
    struct outcome o = {.are_ops_ok = true, .seen = seen};
    struct tk_json_scan s;
    enum tk_scan_item item;

    if (response->status / 100 != 2)
        return TK_E_ESCALATE_REFUSED;
    tk_json_scan_begin(&s, response->body, response->body_len);
    while ((item = tk_json_scan(&s)) > TK_SCAN_END)
        read_item(&o, item, &s);
    if ((item == TK_SCAN_BAD || !o.has_package) && err != TK_OK)
        return err;
    if (item == TK_SCAN_BAD || !o.has_package)
        return response->coding[0] != '\0' ? TK_E_HTTP_CODED : TK_E_BAD_ANSWER;
    return seen->is_answer && o.are_ops_ok ? TK_OK : TK_E_ESCALATE_REFUSED;
}
