/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Responses of the token endpoint and of the portal, by the reader of fields and by one of whole
 * documents. The first line of the input has the status and the size of the pieces in which the
 * rest, the body, arrives.
 */

#include "fuzz.h"

#include "tk_json.h"
#include "tk_oauth_response.h"

enum { BODY = 4096, TOKENS = 512, NOW = 1795000000 };

struct reading {
    struct tk_http http;
    char memory[8192];
    enum tk_err token_err, rest_err;
    struct tk_token_response token;
    struct tk_server_error rest;
};

static void read_body(struct reading *r, unsigned status, const char *body, size_t len, size_t step)
{
    char head[96];
    int head_len =
        snprintf(head, sizeof head, "HTTP/1.1 %u X\r\nContent-Length: %zu\r\n\r\n", status, len);
    int result;

    tk_http_begin(&r->http, r->memory, sizeof r->memory);
    r->http.fields = &tk_oauth_fields;
    result = tk_http_feed(&r->http, head, (size_t)head_len);
    for (size_t at = 0, n; at < len && result == TK_HTTP_MORE; at += n) {
        n = step > len - at ? len - at : step;
        result = tk_http_feed(&r->http, body + at, n);
    }
    CHECK(result == TK_HTTP_DONE);
    r->token_err = tk_oauth_read_token_response(&r->http, TK_OK, NOW, &r->token);
    r->rest_err = tk_oauth_read_rest_response(&r->http, TK_OK, &r->rest);
}

static void compare(const struct reading *a, const struct reading *b)
{
    const struct tk_token_response *x = &a->token, *y = &b->token;

    CHECK(a->token_err == b->token_err && a->rest_err == b->rest_err);
    CHECK(strcmp(x->error.code, y->error.code) == 0);
    CHECK(strcmp(x->error.description, y->error.description) == 0);
    CHECK(strcmp(a->rest.code, b->rest.code) == 0);
    CHECK(strcmp(a->rest.description, b->rest.description) == 0);
    if (a->token_err != TK_OK)
        return;
    CHECK(strcmp(x->access_token, y->access_token) == 0);
    CHECK(strcmp(x->refresh_token, y->refresh_token) == 0);
    CHECK(strcmp(x->client_endpoint, y->client_endpoint) == 0);
    CHECK(strcmp(x->user_id, y->user_id) == 0 && strcmp(x->scope, y->scope) == 0);
    CHECK(x->expires_in == y->expires_in && x->is_doubtful == y->is_doubtful);
}

static bool is_token(const char *s)
{
    size_t len = strlen(s);

    for (; *s != '\0'; s++) {
        if (*s < ' ' || *s > '~')
            return false;
    }
    return len <= TK_TOKEN_MAX;
}

/* A pair is a good one, and none comes with an error that is known. */
static void check_pair(const struct reading *r, unsigned status)
{
    const struct tk_token_response *t = &r->token;

    CHECK(strlen(t->error.code) <= TK_SERVER_ERROR_MAX + 1);
    CHECK(strlen(t->error.description) <= TK_DESCRIPTION_MAX);
    if (r->token_err != TK_OK)
        return;
    CHECK(t->access_token[0] != '\0' && is_token(t->access_token) && is_token(t->refresh_token));
    CHECK(t->expires_in >= 1 && !tk_oauth_is_listed(t->error.code));
    CHECK(status / 100 == 2 || (t->is_doubtful && t->refresh_token[0] != '\0'));
}

/* --- the second reader --- */

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

/* The string of a member whose name comes once; NULL: none. */
static const char *string_of(struct tk_json *j, const char *name)
{
    int value = tk_json_member(j, 0, name);

    return value == TK_JSON_NONE || j->tokens[value].type != JSMN_STRING ? NULL
                                                                         : tk_json_text(j, value);
}

/* What stands in a document that is whole counts. */
static void agree_about_error(const struct reading *r, struct tk_json *j)
{
    const char *error = string_of(j, "error");

    CHECK(error == NULL || !tk_oauth_is_listed(error) || r->token_err != TK_OK);
}

/* Of a document that needs no rules for doubt: both see the same tokens or error. */
static void agree(const struct reading *r, unsigned status, const char *body, size_t len)
{
    static jsmntok_t tokens[TOKENS];
    static char text[BODY + 1];
    struct tk_json j;

    memcpy(text, body, len + 1);
    if (strlen(text) == len && strchr(text, '\\') == NULL && count(text, "\"error\"") == 1 &&
        tk_json_parse(&j, text, len, tokens, TOKENS) && tk_json_is_object(&j, 0))
        agree_about_error(r, &j);
    memcpy(text, body, len + 1);
    if (strlen(text) != len || strchr(text, '\\') != NULL || status != 200 ||
        count(text, "\"access_token\"") != 1 || count(text, "\"refresh_token\"") != 1 ||
        count(text, "error") != 0 || !tk_json_parse(&j, text, len, tokens, TOKENS) ||
        !tk_json_is_object(&j, 0))
        return;
    const char *access = string_of(&j, "access_token"), *refresh = string_of(&j, "refresh_token");

    if (access == NULL || refresh == NULL || access[0] == '\0' || !is_token(access) ||
        !is_token(refresh))
        return;
    CHECK(r->token_err == TK_OK && !r->token.is_doubtful);
    CHECK(strcmp(r->token.access_token, access) == 0);
    CHECK(strcmp(r->token.refresh_token, refresh) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, cut;
    static char body[BODY + 1];
    struct fuzz_input in = {data, size};
    char line[32];

    fuzz_line(&in, line, sizeof line);
    unsigned status = 200 + (fuzz_number(line, 999) + 800) % 400;
    const char *step = strchr(line, ' ');
    size_t len = fuzz_string(&in, body, sizeof body);

    if (status == 204 || status == 304)
        return 0; /* they have no body */
    read_body(&whole, status, body, len, BODY);
    read_body(&cut, status, body, len, step == NULL ? 1 : 1 + fuzz_number(step + 1, 99));
    compare(&whole, &cut);
    check_pair(&whole, status);
    agree(&whole, status, body, len);
    return 0;
}
