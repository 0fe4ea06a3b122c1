/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_https.h"

#include <string.h>

#define RECV_SIZE 512 /* bytes read at a time, on the stack */
#define TRIES_MAX 2   /* with another offer in the handshake: no session, no RSA-PSS */

enum tk_err tk_https_init(struct tk_https *net, struct tk_port *port, struct tk_time *time,
                          mbedtls_x509_crt_ca_cb_t find_root, void *trust)
{
    memset(net, 0, sizeof *net);
    net->port = port;
    for (size_t i = 0; i < TK_CONNECTIONS; i++)
        tk_tls_init(&net->connections[i].tls, &net->tls);
    return tk_tls_config_init(&net->tls, port, time, find_root, trust);
}

void tk_https_free(struct tk_https *net)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++)
        tk_tls_free(&net->connections[i].tls);
    tk_tls_config_free(&net->tls);
    tk_wipe(net, sizeof *net);
}

/* --- the queue --- */

static void enqueue(struct tk_https *net, struct tk_request *r)
{
    struct tk_request **at = &net->first;

    while (*at != NULL && (*at)->priority >= r->priority)
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    r->waiting = true;
    r->connection = NULL;
}

static void dequeue(struct tk_https *net, struct tk_request *r)
{
    struct tk_request **at = &net->first;

    while (*at != NULL && *at != r)
        at = &(*at)->next;
    if (*at != NULL)
        *at = r->next;
    r->waiting = false;
}

void tk_https_submit(struct tk_https *net, struct tk_request *r)
{
    r->sent = false;
    enqueue(net, r);
}

bool tk_https_active(const struct tk_request *r)
{
    return r->waiting || r->connection != NULL;
}

/* --- a conn --- */

static void close_connection(struct tk_connection *conn)
{
    tk_tls_close(&conn->tls);
    tk_wipe(conn->work, sizeof conn->work);
    conn->keepalive_until_ms = 0;
}

static bool is_open(const struct tk_connection *conn)
{
    return conn->tls.stage != TK_TLS_IDLE;
}

static bool is_in_use(const struct tk_https *net, const struct tk_tls_session *session)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        if (is_open(&net->connections[i]) && net->connections[i].tls.session == session)
            return true;
    }
    return false;
}

/* What is known of a host, in the place of the host whose session ends first if need be. One is
 * free: the conn that asks is closed, and there are no fewer places than connections. */
static struct tk_tls_session *session_for(struct tk_https *net, const struct tk_host *host)
{
    struct tk_tls_session *oldest = NULL;

    for (size_t i = 0; i < TK_SESSIONS; i++) {
        struct tk_tls_session *s = &net->sessions[i];

        if (tk_host_same(&s->host, host))
            return s;
        if (!is_in_use(net, s) && (oldest == NULL || s->not_after < oldest->not_after))
            oldest = s;
    }
    tk_wipe(oldest, sizeof *oldest);
    oldest->host = *host;
    return oldest;
}

const struct tk_tls_session *tk_https_session(const struct tk_https *net,
                                              const struct tk_host *host)
{
    for (size_t i = 0; i < TK_SESSIONS; i++) {
        const struct tk_tls_session *s = &net->sessions[i];

        if (s->len > 0 && tk_host_same(&s->host, host))
            return s;
    }
    return NULL;
}

void tk_https_restore_session(struct tk_https *net, const struct tk_tls_session *session)
{
    *session_for(net, &session->host) = *session;
}

void *tk_https_borrow_buffer(struct tk_https *net)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        const struct tk_connection *conn = &net->connections[i];

        if (conn->request == NULL || conn->tls.stage != TK_TLS_READY)
            return net->connections[i].work;
    }
    return NULL;
}

static void open_connection(struct tk_https *net, struct tk_connection *conn,
                            const struct tk_host *host)
{
    tk_tls_open(&conn->tls, host, session_for(net, host));
}

/* What is not verified yet begins again; a request that is under way ends, and leaves no session.
 */
void tk_https_forget_sessions(struct tk_https *net)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &net->connections[i];

        if (is_open(conn) && (conn->request == NULL || conn->tls.stage != TK_TLS_READY))
            close_connection(conn);
        conn->tls.session = NULL;
    }
    tk_wipe(net->sessions, sizeof net->sessions);
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &net->connections[i];

        if (conn->request != NULL && !is_open(conn))
            open_connection(net, conn, &conn->request->host);
    }
}

static void assign(struct tk_https *net, struct tk_connection *conn, struct tk_request *r)
{
    dequeue(net, r);
    conn->request = r;
    conn->writing = false;
    conn->tries = 0;
    r->connection = conn;
    if (!is_open(conn))
        open_connection(net, conn, &r->host);
}

static void release(struct tk_connection *conn)
{
    conn->request->connection = NULL;
    conn->request = NULL;
}

void tk_https_cancel(struct tk_https *net, struct tk_request *r)
{
    if (r->waiting)
        dequeue(net, r);
    if (r->connection != NULL && r->connection->request == r) { /* not from within its own done */
        close_connection(r->connection);
        release(r->connection);
    }
}

/* --- which conn a request gets --- */

static bool is_warm_for(const struct tk_connection *conn, const struct tk_host *host)
{
    return conn->tls.stage == TK_TLS_READY && tk_host_same(&conn->tls.host, host);
}

bool tk_https_is_warm(const struct tk_https *net, const struct tk_host *host)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        if (net->connections[i].request == NULL && is_warm_for(&net->connections[i], host))
            return true;
    }
    return false;
}

/* A connection that is only being opened, to the host that is wanted, is taken over as it is. */
static bool can_take_over(const struct tk_connection *conn, const struct tk_request *r)
{
    const struct tk_request *other = conn->request;

    return other != NULL && other->write == NULL && other->priority < r->priority &&
           tk_host_same(&conn->tls.host, &r->host);
}

/* How gladly a conn is given to a request; 0: not at all. Of two that others have, the one with
 * the lesser priority. */
static int suits(const struct tk_connection *conn, const struct tk_request *r)
{
    const struct tk_request *other = conn->request;

    if (other == NULL)
        return is_warm_for(conn, &r->host) ? 9 : !is_open(conn) ? 7 : 6;
    if (can_take_over(conn, r))
        return 8;
    if (other->priority >= r->priority || (other->sent && other->priority >= TK_PRIORITY_REFRESH))
        return 0;
    return TK_PRIORITY_EXCHANGE - (int)other->priority;
}

static struct tk_connection *best_connection(struct tk_https *net, const struct tk_request *r)
{
    struct tk_connection *best = NULL;

    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &net->connections[i];

        if (suits(conn, r) > (best == NULL ? 0 : suits(best, r)))
            best = conn;
    }
    return best;
}

static void assign_waiting(struct tk_https *net)
{
    struct tk_request *r, *next;

    for (r = net->first; r != NULL; r = next) {
        struct tk_connection *conn = best_connection(net, r);

        next = r->next;
        if (conn == NULL)
            continue;
        struct tk_request *ousted = conn->request;

        if (!can_take_over(conn, r) && (ousted != NULL || !is_warm_for(conn, &r->host)))
            close_connection(conn);
        if (ousted != NULL)
            release(conn);
        assign(net, conn, r);
        if (ousted != NULL) {
            tk_https_submit(net, ousted);
            next = net->first;
        }
    }
}

/* --- a request under way --- */

/* The conn is free before the owner hears of it, so that it may submit again. */
static void finish(struct tk_connection *conn, enum tk_err err, uint64_t now_ms)
{
    struct tk_request *r = conn->request;
    bool answered = err == TK_OK && r->write != NULL;
    bool keep = err == TK_OK && r->keepalive_ms > 0 && (!answered || conn->http.keep);
    uint64_t keepalive_until_ms = now_ms + r->keepalive_ms;

    conn->request = NULL;
    r->done(r, err, answered || err == TK_E_HTTP_TOO_LARGE ? &conn->http : NULL);
    if (r->connection == conn)
        r->connection = NULL;
    if (!keep) {
        close_connection(conn);
        return;
    }
    tk_wipe(conn->work, sizeof conn->work);
    conn->keepalive_until_ms = keepalive_until_ms;
}

/* A kept connection may have been closed meanwhile; nothing was sent on it, so another may serve.
 * Bytes that nobody asked for make it just as useless. */
static bool is_stale(struct tk_connection *conn)
{
    char byte;

    return conn->keepalive_until_ms > 0 &&
           (conn->tls.session == NULL /* verified by another list */ ||
            tk_tls_recv(&conn->tls, &byte, 1) != TK_SOCK_AGAIN);
}

static int begin_writing(struct tk_https *net, struct tk_connection *conn, enum tk_err *err)
{
    struct tk_request *r = conn->request;
    struct tk_text out;

    if (is_stale(conn)) {
        close_connection(conn);
        open_connection(net, conn, &r->host);
        return TK_HTTP_MORE;
    }
    conn->keepalive_until_ms = 0;
    if (r->write == NULL)
        return TK_HTTP_DONE;
    tk_text_init(&out, conn->work, sizeof conn->work);
    *err = r->write(r, &out);
    if (*err == TK_OK && !tk_text_ok(&out))
        *err = TK_E_NO_MEMORY;
    conn->out_len = out.len;
    conn->writing = true;
    return *err == TK_OK ? TK_HTTP_MORE : TK_HTTP_FAILED;
}

static int io_failure(const struct tk_connection *conn, int n, enum tk_err *err)
{
    if (n == TK_SOCK_AGAIN)
        return TK_HTTP_MORE;
    *err = n == TK_SOCK_CLOSED ? TK_E_CONN_LOST : conn->tls.err;
    return TK_HTTP_FAILED;
}

static int send_request(struct tk_connection *conn, enum tk_err *err)
{
    conn->request->sent = true;
    int n = tk_tls_send(&conn->tls, conn->work, conn->out_len);

    if (n < 0)
        return io_failure(conn, n, err);
    conn->out_len -= (size_t)n;
    memmove(conn->work, conn->work + n, conn->out_len);
    if (conn->out_len == 0)
        tk_http_begin(&conn->http, conn->work, sizeof conn->work);
    return TK_HTTP_MORE;
}

/* One piece of the answer. */
static int read_piece(struct tk_connection *conn, char bytes[RECV_SIZE], enum tk_err *err,
                      bool *again)
{
    int n = tk_tls_recv(&conn->tls, bytes, RECV_SIZE);

    *again = n == TK_SOCK_AGAIN;
    if (n == TK_SOCK_CLOSED)
        return tk_http_end(&conn->http, err);
    if (n < 0)
        return io_failure(conn, n, err);
    return tk_http_feed(&conn->http, bytes, (size_t)n, err);
}

/* Bounded by the size of head and body that tk_http_feed lets pass. */
static int read_answer(struct tk_connection *conn, enum tk_err *err)
{
    char bytes[RECV_SIZE];
    int result;
    bool again;

    do {
        result = read_piece(conn, bytes, err, &again);
    } while (result == TK_HTTP_MORE && !again);
    tk_wipe(bytes, sizeof bytes);
    return result;
}

static int connect(struct tk_https *net, struct tk_connection *conn, enum tk_err *err, bool *busy)
{
    int n = tk_tls_step(&conn->tls, busy);

    *busy |= n != TK_SOCK_AGAIN;
    if (n != TK_SOCK_ERR)
        return TK_HTTP_MORE;
    *err = conn->tls.err;
    if (!conn->tls.try_again || conn->tries++ >= TRIES_MAX)
        return TK_HTTP_FAILED;
    close_connection(conn);
    open_connection(net, conn, &conn->request->host);
    return TK_HTTP_MORE;
}

/* As far as it goes: behind a request that left whole stands the question for its answer, so that
 * the socket is waited for. */
static int talk(struct tk_https *net, struct tk_connection *conn, enum tk_err *err, bool *busy)
{
    int result;

    if (!conn->writing) {
        result = begin_writing(net, conn, err);
        *busy |= !conn->writing;
        if (result != TK_HTTP_MORE || !conn->writing)
            return result;
    }
    if (conn->out_len > 0) {
        size_t before = conn->out_len;

        result = send_request(conn, err);
        if (result != TK_HTTP_MORE || conn->out_len > 0) {
            *busy |= conn->out_len < before; /* the socket did not say that it cannot go on */
            return result;
        }
    }
    return read_answer(conn, err);
}

static void step_request(struct tk_https *net, struct tk_connection *conn, uint64_t now_ms,
                         bool *busy)
{
    enum tk_err err = TK_OK;
    int result = conn->tls.stage == TK_TLS_READY ? talk(net, conn, &err, busy)
                                                 : connect(net, conn, &err, busy);

    if (result == TK_HTTP_MORE && now_ms >= conn->request->deadline_ms) {
        result = TK_HTTP_FAILED;
        err = TK_E_TIMEOUT;
    }
    if (result == TK_HTTP_MORE)
        return;
    finish(conn, err, now_ms);
    *busy = true; /* another may be waiting for the conn */
}

static void step_idle(struct tk_connection *conn, uint64_t now_ms)
{
    if (is_open(conn) && (now_ms >= conn->keepalive_until_ms || is_stale(conn)))
        close_connection(conn);
}

static void expire_waiting(struct tk_https *net, uint64_t now_ms)
{
    struct tk_request *r = net->first;

    while (r != NULL && now_ms < r->deadline_ms)
        r = r->next;
    if (r == NULL)
        return;
    dequeue(net, r);
    r->done(r, TK_E_TIMEOUT, NULL);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_deadline(const struct tk_https *net)
{
    uint64_t next = UINT64_MAX;

    for (const struct tk_request *r = net->first; r != NULL; r = r->next)
        next = earliest(next, r->deadline_ms);
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        const struct tk_connection *conn = &net->connections[i];

        if (conn->request != NULL)
            next = earliest(next, conn->request->deadline_ms);
        else if (is_open(conn))
            next = earliest(next, conn->keepalive_until_ms);
        if (conn->tls.stage == TK_TLS_TCP || conn->tls.stage == TK_TLS_HANDSHAKE)
            next = earliest(next, conn->tls.tcp_deadline_ms);
    }
    return next;
}

uint64_t tk_https_step(struct tk_https *net, uint64_t now_ms)
{
    bool busy = false;

    expire_waiting(net, now_ms);
    assign_waiting(net);
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        if (net->connections[i].request != NULL)
            step_request(net, &net->connections[i], now_ms, &busy);
        else
            step_idle(&net->connections[i], now_ms);
    }
    return busy ? now_ms : next_deadline(net);
}

const struct tk_tls *tk_https_tls(const struct tk_request *r)
{
    return r->connection == NULL ? NULL : &r->connection->tls;
}
