/* SPDX-License-Identifier: Apache-2.0 */

/* An HTTP response, whole and in pieces, read into buffers of many sizes: the same result. */

#include "fuzz.h"

#include "tk_http.h"
#include "tk_oauth_response.h"

enum { BODY = 8192 };

struct reading {
    struct tk_http http;
    int result;
    char body[BODY];
};

/* step 0: in one piece */
static void read_response(struct reading *r, const uint8_t *data, size_t len, size_t size,
                          size_t step, bool picks)
{
    r->result = TK_HTTP_MORE;
    tk_http_begin(&r->http, r->body, size);
    r->http.fields = picks ? &tk_oauth_fields : NULL;
    for (size_t at = 0, n; at < len && r->result == TK_HTTP_MORE; at += n) {
        n = step == 0 || step > len - at ? len - at : step;
        r->result = tk_http_feed(&r->http, (const char *)data + at, n);
    }
    if (r->result == TK_HTTP_MORE)
        r->result = tk_http_end(&r->http);
    CHECK(r->result != TK_HTTP_MORE);
}

static void compare(const struct reading *a, const struct reading *b)
{
    const struct tk_http *x = &a->http, *y = &b->http;

    CHECK(a->result == b->result);
    CHECK(tk_http_has_head(x) == tk_http_has_head(y));
    if (a->result == TK_HTTP_FAILED)
        CHECK(x->err == y->err);
    if (!tk_http_has_head(x))
        return;
    CHECK(x->status == y->status && x->is_cut == y->is_cut && x->length == y->length);
    CHECK(x->body_len == y->body_len && memcmp(x->body, y->body, x->body_len) == 0);
    CHECK(strcmp(x->type, y->type) == 0 && strcmp(x->coding, y->coding) == 0);
    CHECK(x->date_unix == y->date_unix && tk_host_same(&x->location, &y->location));
    CHECK(tk_http_retry_after_s(x, 1) == tk_http_retry_after_s(y, 1));
}

static void check_response(const struct reading *r, size_t size)
{
    const struct tk_http *h = &r->http;

    if (r->result != TK_HTTP_DONE)
        return;
    CHECK(h->status >= 200 && h->status <= 999);
    CHECK(h->body >= r->body && h->body + h->body_len < r->body + size);
    CHECK(h->body[h->body_len] == '\0');
}

static void check_token(const struct reading *r)
{
    const struct tk_http *http = tk_http_has_head(&r->http) ? &r->http : NULL;
    struct tk_token_response t;
    enum tk_err err = tk_oauth_read_token_response(
        http, r->result == TK_HTTP_DONE ? TK_OK : r->http.err, 1795000000, &t);

    CHECK(err != TK_OK || t.access_token[0] != '\0');
    struct tk_server_error error;

    (void)tk_oauth_read_rest_response(http, err, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, cut;
    struct fuzz_input in = {data, size};
    uint8_t options = fuzz_byte(&in);
    bool picks = options & 1;
    size_t step = 1 + options / 2 % 5;
    size_t room = picks ? BODY : 16u << (options >> 5);

    CHECK(TK_HTTP_BEGINNING + tk_json_pick_size(&tk_oauth_fields) < BODY);
    read_response(&whole, in.at, in.left, room, 0, picks);
    read_response(&cut, in.at, in.left, room, step, picks);
    check_response(&whole, room);
    compare(&whole, &cut);
    if (picks)
        check_token(&whole);
    tk_http_wipe(&whole.http);
    tk_http_wipe(&cut.http);
    return 0;
}
