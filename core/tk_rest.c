/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_rest.h"

#include "tk_keeper.h"

#include <string.h>

#define PROOF_TIMEOUT_MS 15000
#define PATH_SIZE        (TK_PATH_MAX + 80)

static struct tk_account *of_request(struct tk_request *r)
{
    return (struct tk_account *)((char *)r - offsetof(struct tk_account, rest.request));
}

bool tk_rest_target(const struct tk_account *a, const char *method, struct tk_host *host,
                    struct tk_text *path)
{
    const char *base = "/rest/";

    *host = a->client.portal;
    if (a->facts.client_endpoint[0] != '\0' &&
        !tk_host_parse(host, a->facts.client_endpoint, &base))
        return false;
    tk_text_add(path, base);
    if (!tk_ends_with(base, "/"))
        tk_text_char(path, '/');
    tk_text_add(path, method);
    return tk_text_ok(path);
}

static enum tk_err write_proof(struct tk_request *r, struct tk_text *out)
{
    struct tk_account *a = of_request(r);
    char buf[PATH_SIZE];
    struct tk_text path;
    struct tk_host host;

    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(a, "app.info", &host, &path))
        return TK_E_REST_INSECURE;
    size_t mark =
        tk_http_request(out, "POST", &host, path.buf, "application/x-www-form-urlencoded");

    tk_text_add(out, "auth=");
    tk_text_form(out, a->pair.access);
    tk_http_request_end(out, mark);
    return TK_OK;
}

/* An answer that refuses is a portal that can be reached. */
static enum tk_rest_status status_of(enum tk_err err)
{
    switch (err) {
    case TK_OK:
        return TK_REST_OK;
    case TK_E_ACCESS_DENIED:
    case TK_E_PAYMENT_REQUIRED:
    case TK_E_NOT_INSTALLED:
    case TK_E_INVALID_SCOPE:
    case TK_E_REST_ERROR:
        return TK_REST_DENIED;
    default:
        return TK_REST_UNREACHABLE;
    }
}

static void proven(struct tk_account *a, enum tk_err err)
{
    if (err != TK_OK || a->last_error == a->rest.err)
        a->last_error = err;
    a->rest.err = err;
    a->rest.status = status_of(err);
}

static void proof_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    proven(of_request(r), err == TK_OK ? tk_oauth_rest_answer(answer) : err);
}

void tk_rest_prove(struct tk_account *a)
{
    struct tk_request *r = &a->rest.request;
    char buf[PATH_SIZE];
    struct tk_text path;

    tk_net_cancel(&a->keeper->net, r);
    a->rest.status = TK_REST_UNKNOWN;
    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(a, "app.info", &r->host, &path)) {
        proven(a, TK_E_REST_INSECURE);
        return;
    }
    r->priority = TK_PRIORITY_CALL;
    r->give_up_ms = tk_keeper_now(a->keeper) + PROOF_TIMEOUT_MS;
    r->keep_ms = 0;
    tk_net_submit(&a->keeper->net, r);
}

bool tk_rest_proving(const struct tk_account *a)
{
    return tk_net_active(&a->rest.request);
}

void tk_rest_init(struct tk_account *a)
{
    a->rest.request.write = write_proof;
    a->rest.request.done = proof_done;
}
