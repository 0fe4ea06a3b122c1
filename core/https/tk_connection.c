/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_connection.h"

#include "tk_assert.h"

#include <string.h>

#define RECV_SIZE   512 /* bytes read at a time, on the stack */
#define RETRIES_MAX 2   /* handshakes with another offer: without the session, the other profile */

/* One more result of a step, beside TK_HTTP_*: the request needs a new connection. */
enum { REOPEN = TK_HTTP_MORE - 1 };

bool tk_connection_is_warm(const struct tk_connection *conn, const struct tk_host *host)
{
    return conn->tls.stage == TK_TLS_READY && tk_host_same(&conn->tls.host, host);
}

/* Wipes what was used of it: that of a host is large, and most requests and responses are not. */
static void wipe_work(struct tk_connection *conn)
{
    tk_wipe(conn->work, conn->written);
    tk_http_wipe(&conn->http);
}

void tk_connection_close(struct tk_connection *conn)
{
    tk_tls_close(&conn->tls);
    wipe_work(conn);
    conn->keepalive_until_ms = 0;
}

void tk_connection_assign(struct tk_connection *conn, struct tk_request *r)
{
    TK_ASSERT(conn->request == NULL);
    conn->request = r;
    conn->written = 0;
    conn->produced = 0;
    conn->rest = 0;
    r->paused = false;
    conn->err = TK_OK;
    conn->retries = 0;
    tk_http_begin(&conn->http, conn->work, sizeof conn->work); /* no response yet */
    r->connection = conn;
}

void tk_connection_release(struct tk_connection *conn)
{
    conn->request->connection = NULL;
    conn->request = NULL;
}

/* A Date after the end of the certificates that vouch for it is not believed. */
static void note_date(struct tk_connection *conn)
{
    if (tk_http_has_head(&conn->http) && conn->http.date_unix <= conn->tls.not_after)
        tk_time_note_server_date(conn->tls.config->time, conn->http.date_unix);
}

/* The connection is free before done is called, so that done can submit again. */
static void finish(struct tk_connection *conn, uint64_t now_ms)
{
    struct tk_request *r = conn->request;
    enum tk_err err = conn->err;
    bool keep = err == TK_OK && r->keepalive_ms > 0 && (r->write == NULL || conn->http.keep);
    uint64_t keepalive_until_ms = now_ms + r->keepalive_ms;

    conn->request = NULL;
    note_date(conn);
    conn->in_done = true;
    r->done(r, err, tk_http_has_head(&conn->http) ? &conn->http : NULL);
    conn->in_done = false;
    if (r->connection == conn)
        r->connection = NULL;
    if (!keep) {
        tk_connection_close(conn);
        return;
    }
    wipe_work(conn);
    conn->keepalive_until_ms = keepalive_until_ms;
}

/* The server may close a kept connection at any time. That is noticed before anything is sent, so
 * that another connection can serve. Unexpected bytes make it useless as well. */
static bool is_stale(struct tk_connection *conn)
{
    char byte;

    return conn->keepalive_until_ms > 0 &&
           (conn->tls.session == NULL /* verified against other roots */ ||
            tk_tls_recv(&conn->tls, &byte, 1) != TK_SOCK_AGAIN);
}

static int fail(struct tk_connection *conn, enum tk_err err)
{
    conn->err = err;
    return TK_HTTP_FAILED;
}

static int write_request(struct tk_connection *conn)
{
    struct tk_request *r = conn->request;
    struct tk_text out;

    if (is_stale(conn))
        return REOPEN;
    conn->keepalive_until_ms = 0;
    if (r->write == NULL)
        return TK_HTTP_DONE;
    tk_text_init(&out, conn->work, sizeof conn->work);
    enum tk_err err = r->write(r, &out);

    conn->unsent = out.len;
    conn->written = out.len;
    if (err != TK_OK)
        return fail(conn, err);
    return tk_text_ok(&out) ? TK_HTTP_MORE : fail(conn, TK_E_NO_MEMORY);
}

/* The result of a step whose call to the socket returned n, below 0: no bytes were moved. */
static int no_bytes(struct tk_connection *conn, int n)
{
    if (n == TK_SOCK_AGAIN)
        return TK_HTTP_MORE;
    return fail(conn, n == TK_SOCK_CLOSED ? TK_E_CONN_LOST : conn->tls.err);
}

/* Puts the next part of the body in work. */
static bool produce(struct tk_connection *conn)
{
    struct tk_request *r = conn->request;
    uint32_t left = r->body_len - conn->produced;
    size_t room = left < sizeof conn->work ? left : sizeof conn->work;
    size_t n = r->produce(r, conn->produced, conn->work, room);

    TK_ASSERT(n <= room);
    conn->produced += (uint32_t)n;
    conn->unsent = n;
    if (conn->written < n)
        conn->written = n;
    return n > 0;
}

static bool has_more(const struct tk_connection *conn)
{
    return conn->request->produce != NULL && conn->produced < conn->request->body_len;
}

static size_t on_content(void *ctx, const struct tk_http *h, const char *data, size_t len)
{
    struct tk_connection *conn = ctx;
    size_t taken = conn->request->on_body(conn->request, h, data, len);

    conn->request->paused = taken == 0;
    return taken;
}

static void begin_response(struct tk_connection *conn)
{
    bool is_passed_on = conn->request->on_body != NULL;

    /* The last bytes of work are for what on_body has not taken. */
    tk_http_begin(&conn->http, conn->work, sizeof conn->work - (is_passed_on ? RECV_SIZE : 0));
    conn->http.fields = conn->request->fields;
    if (is_passed_on) {
        conn->http.on_content = on_content;
        conn->http.ctx = conn;
    }
}

/* Until all is sent, or the socket takes no more. */
static int send_request(struct tk_connection *conn)
{
    conn->request->sent = true;
    while (conn->unsent > 0) {
        int n = tk_tls_send(&conn->tls, conn->work, conn->unsent);

        if (n < 0)
            return no_bytes(conn, n);
        conn->unsent -= (size_t)n;
        memmove(conn->work, conn->work + n, conn->unsent);
        if (conn->unsent == 0 && has_more(conn) && !produce(conn))
            return fail(conn, TK_E_CANCELLED);
    }
    begin_response(conn);
    return TK_HTTP_MORE;
}

/* What on_body does not take is kept at the end of work. */
static int feed(struct tk_connection *conn, const char *bytes, size_t len)
{
    int result = tk_http_feed(&conn->http, bytes, len);
    size_t rest = conn->request->paused ? conn->http.rest : 0;

    if (rest > 0) {
        memmove(conn->work + sizeof conn->work - rest, bytes + len - rest, rest);
        conn->written = sizeof conn->work;
    }
    conn->rest = (uint16_t)rest;
    return result;
}

static int read_piece(struct tk_connection *conn, char bytes[RECV_SIZE], bool *again)
{
    int result, n = conn->rest;

    *again = false;
    if (n > 0) {
        result = feed(conn, conn->work + sizeof conn->work - n, (size_t)n);
    } else {
        n = tk_tls_recv(&conn->tls, bytes, RECV_SIZE);
        *again = n == TK_SOCK_AGAIN;
        if (n < 0 && n != TK_SOCK_CLOSED)
            return no_bytes(conn, n);
        result = n < 0 ? tk_http_end(&conn->http) : feed(conn, bytes, (size_t)n);
    }

    conn->err = conn->http.err; /* TK_OK, unless it failed */
    if (result == TK_HTTP_MORE && tk_request_asks_date(conn->request) &&
        tk_http_has_head(&conn->http))
        return TK_HTTP_DONE;
    return result;
}

/* Bounded by the limits of tk_http_feed for head and body, or by on_body. */
static int read_response(struct tk_connection *conn)
{
    char bytes[RECV_SIZE];
    int result;
    bool again;

    do {
        result = read_piece(conn, bytes, &again);
    } while (result == TK_HTTP_MORE && !again && !conn->request->paused);
    tk_wipe(bytes, sizeof bytes);
    return result;
}

static int step_opening(struct tk_connection *conn, bool *busy)
{
    int n = tk_tls_step(&conn->tls, busy);

    *busy |= n == TK_SOCK_OK;
    if (n != TK_SOCK_ERR)
        return TK_HTTP_MORE;
    return conn->tls.try_again && conn->retries++ < RETRIES_MAX ? REOPEN
                                                                : fail(conn, conn->tls.err);
}

/* Goes on to reading as soon as all is sent: tk_wait returns for the response only if the socket
 * was asked for it. */
static int step_ready(struct tk_connection *conn)
{
    int result;

    if (conn->written == 0) {
        result = write_request(conn);
        if (result != TK_HTTP_MORE)
            return result;
    }
    if (conn->unsent > 0) {
        result = send_request(conn);
        if (result != TK_HTTP_MORE || conn->unsent > 0)
            return result;
    }
    return conn->request->paused ? TK_HTTP_MORE : read_response(conn);
}

bool tk_connection_step(struct tk_connection *conn, uint64_t now_ms, bool *busy)
{
    int result = conn->tls.stage == TK_TLS_READY ? step_ready(conn) : step_opening(conn, busy);

    if (result <= TK_HTTP_MORE && now_ms >= conn->request->deadline_ms)
        result = fail(conn, TK_E_TIMEOUT);
    *busy |= result != TK_HTTP_MORE; /* for the new handshake, or for a queued request */
    if (result > TK_HTTP_MORE)
        finish(conn, now_ms);
    return result == REOPEN;
}

void tk_connection_step_idle(struct tk_connection *conn, uint64_t now_ms)
{
    if (tk_connection_is_open(conn) && (now_ms >= conn->keepalive_until_ms || is_stale(conn)))
        tk_connection_close(conn);
}

uint64_t tk_connection_next_ms(const struct tk_connection *conn)
{
    uint64_t next_ms = UINT64_MAX;

    if (conn->request != NULL)
        next_ms = conn->request->deadline_ms;
    else if (tk_connection_is_open(conn))
        next_ms = conn->keepalive_until_ms;
    if ((conn->tls.stage == TK_TLS_TCP || conn->tls.stage == TK_TLS_HANDSHAKE) &&
        conn->tls.next_ms < next_ms)
        next_ms = conn->tls.next_ms;
    return next_ms;
}
