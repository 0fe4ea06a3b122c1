/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_corezoid.h"

#include "tk_json.h"
#include "tk_limits.h"
#include "tk_sha1.h"

#include <string.h>

void tk_corezoid_path(struct tk_text *t, const char *login, int64_t unix_s)
{
    tk_text_add(t, "/api/2/json/");
    tk_text_add(t, login);
    tk_text_char(t, '/');
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
    tk_text_add(t, "{\"ops\":[{\"type\":\"create\",\"obj\":\"task\",\"conv_id\":");
    tk_text_add(t, conv);
    tk_text_add(t, ",\"ref\":");
    tk_text_json(t, ref);
    tk_text_add(t, ",\"data\":");
}

void tk_corezoid_end(struct tk_text *t)
{
    tk_text_add(t, "}]}");
}

static bool is_ok(struct tk_json *j, int result)
{
    const char *word = tk_json_text(j, result);

    return word != NULL && strcmp(word, "ok") == 0;
}

/* A task that was accepted before, but whose response was lost. The text (sic) is from Corezoid's
 * documentation. */
static bool is_duplicate(struct tk_json *j, int op)
{
    const char *words = tk_json_text(j, tk_json_member(j, op, "description"));

    return words != NULL && strstr(words, "not unical ref") != NULL;
}

enum tk_err tk_corezoid_read_response(struct tk_http *response)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    bool is_json = tk_json_parse(&j, response->body, response->body_len, tokens, TK_JSON_TOKENS);
    int package = is_json ? tk_json_member(&j, 0, "request_proc") : TK_JSON_NONE;

    if (package == TK_JSON_NONE)
        return response->coding[0] != '\0' ? TK_E_HTTP_CODED : TK_E_BAD_ANSWER;
    bool ok = is_ok(&j, package);
    int ops = tk_json_member(&j, 0, "ops"), op;

    for (int i = 0; (op = tk_json_element(&j, ops, i)) != TK_JSON_NONE; i++)
        ok = ok && (is_ok(&j, tk_json_member(&j, op, "proc")) || is_duplicate(&j, op));
    return ok ? TK_OK : TK_E_ESCALATE_REFUSED;
}
