/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_https.h"

#include "tk_assert.h"
#include "tk_clock.h"

#include <string.h>

enum tk_err tk_https_init(struct tk_https *https, struct tk_port *port, struct tk_time *time,
                          mbedtls_x509_crt_ca_cb_t find_root, void *trust)
{
    memset(https, 0, sizeof *https);
    for (size_t i = 0; i < TK_CONNECTIONS; i++)
        tk_tls_init(&https->connections[i].tls, &https->tls);
    return tk_tls_config_init(&https->tls, port, time, find_root, trust);
}

void tk_https_free(struct tk_https *https)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++)
        tk_tls_free(&https->connections[i].tls);
    tk_tls_config_free(&https->tls);
    tk_wipe(https, sizeof *https);
}

/* --- the queue --- */

static void enqueue(struct tk_https *https, struct tk_request *r)
{
    struct tk_request **at = &https->queue;

    while (*at != NULL && (*at)->priority >= r->priority)
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    r->queued = true;
    r->connection = NULL;
    r->sent = false;
}

static void dequeue(struct tk_https *https, struct tk_request *r)
{
    struct tk_request **at = &https->queue;

    while (*at != r) {
        TK_ASSERT(*at != NULL); /* r->queued: it is there */
        at = &(*at)->next;
    }
    *at = r->next;
    r->queued = false;
}

bool tk_https_active(const struct tk_request *r)
{
    return r->queued || r->connection != NULL;
}

void tk_https_submit(struct tk_https *https, struct tk_request *r)
{
    /* within its own done, r still has a connection, but is not that one's request */
    TK_ASSERT(!r->queued && (r->connection == NULL || r->connection->request != r));
    TK_ASSERT(r->done != NULL);
    enqueue(https, r);
}

void tk_https_start(struct tk_https *https, struct tk_request *r, enum tk_priority priority,
                    uint32_t timeout_ms)
{
    r->priority = priority;
    r->deadline_ms = tk_clock_now_ms(https->tls.port) + timeout_ms;
    tk_https_submit(https, r);
}

void tk_https_cancel(struct tk_https *https, struct tk_request *r)
{
    if (r->queued)
        dequeue(https, r);
    if (r->connection != NULL && r->connection->request == r) { /* not within its own done */
        tk_connection_close(r->connection);
        tk_connection_release(r->connection);
    }
}

void tk_https_resume(struct tk_request *r)
{
    r->paused = false;
}

const struct tk_tls *tk_https_tls(const struct tk_request *r)
{
    return r->connection == NULL ? NULL : &r->connection->tls;
}

/* --- sessions --- */

static bool is_in_use(const struct tk_https *https, const struct tk_tls_session *session)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        const struct tk_connection *conn = &https->connections[i];

        if (tk_connection_is_open(conn) && conn->tls.session == session)
            return true;
    }
    return false;
}

/* The entry of this host, or one for it: of the entries not in use the one that ends first. There
 * is one, since the connection to open is closed, and TK_SESSIONS >= TK_CONNECTIONS. */
static struct tk_tls_session *session_for(struct tk_https *https, const struct tk_host *host)
{
    struct tk_tls_session *oldest = NULL;

    for (size_t i = 0; i < TK_SESSIONS; i++) {
        struct tk_tls_session *s = &https->sessions[i];

        if (tk_host_same(&s->host, host))
            return s;
        if (!is_in_use(https, s) && (oldest == NULL || s->not_after < oldest->not_after))
            oldest = s;
    }
    tk_wipe(oldest, sizeof *oldest);
    oldest->host = *host;
    return oldest;
}

const struct tk_tls_session *tk_https_session(const struct tk_https *https,
                                              const struct tk_host *host)
{
    for (size_t i = 0; i < TK_SESSIONS; i++) {
        const struct tk_tls_session *s = &https->sessions[i];

        if (s->len > 0 && tk_host_same(&s->host, host))
            return s;
    }
    return NULL;
}

void tk_https_restore_session(struct tk_https *https, const struct tk_tls_session *session)
{
    *session_for(https, &session->host) = *session;
}

/* --- connections --- */

static void open_connection(struct tk_https *https, struct tk_connection *conn)
{
    const struct tk_host *host = &conn->request->host;

    tk_tls_open(&conn->tls, host, session_for(https, host));
}

/* A handshake in progress may verify against the old roots: it starts over. A request on a ready
 * connection goes on, but leaves no session. */
void tk_https_forget_sessions(struct tk_https *https)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &https->connections[i];

        if (tk_connection_is_open(conn) &&
            (conn->request == NULL || conn->tls.stage != TK_TLS_READY))
            tk_connection_close(conn);
        conn->tls.session = NULL;
    }
    tk_wipe(https->sessions, sizeof https->sessions);
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &https->connections[i];

        if (conn->request != NULL && !tk_connection_is_open(conn))
            open_connection(https, conn);
    }
}

void *tk_https_borrow_buffer(struct tk_https *https)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &https->connections[i];

        if (!conn->in_done && (conn->request == NULL || conn->tls.stage != TK_TLS_READY))
            return conn->work;
    }
    return NULL;
}

bool tk_https_is_warm(const struct tk_https *https, const struct tk_host *host)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        const struct tk_connection *conn = &https->connections[i];

        if (conn->request == NULL && tk_connection_is_warm(conn, host))
            return true;
    }
    return false;
}

/* --- which connection a request gets --- */

/* A request without `write` only opens the connection, here to the host that r needs. */
static bool can_take_over(const struct tk_connection *conn, const struct tk_request *r)
{
    const struct tk_request *other = conn->request;

    return other != NULL && other->write == NULL && other->priority < r->priority &&
           tk_host_same(&conn->tls.host, &r->host);
}

/* Scores of a connection for a request. Of two to preempt, the one whose request has the lower
 * priority scores higher, up to PREEMPT_MOST. */
enum {
    NOT_ELIGIBLE = 0,
    PREEMPT_MOST = TK_PRIORITY_EXCHANGE,
    IDLE_TO_OTHER_HOST,
    CLOSED,
    TAKE_OVER,
    WARM
};

/* Its response may be the only copy of a token pair. */
static bool is_awaited(const struct tk_request *r)
{
    return r->sent && r->priority >= TK_PRIORITY_REFRESH;
}

static int score(const struct tk_connection *conn, const struct tk_request *r)
{
    const struct tk_request *other = conn->request;

    if (other == NULL)
        return tk_connection_is_warm(conn, &r->host) ? WARM
               : !tk_connection_is_open(conn)        ? CLOSED
                                                     : IDLE_TO_OTHER_HOST;
    if (can_take_over(conn, r))
        return TAKE_OVER;
    if (other->priority >= r->priority || is_awaited(other) ||
        (other->once && r->priority < TK_PRIORITY_EXCHANGE))
        return NOT_ELIGIBLE;
    return PREEMPT_MOST - (int)other->priority;
}

static struct tk_connection *best_connection(struct tk_https *https, const struct tk_request *r)
{
    struct tk_connection *best = NULL;

    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &https->connections[i];

        if (score(conn, r) > (best == NULL ? NOT_ELIGIBLE : score(best, r)))
            best = conn;
    }
    return best;
}

static void assign(struct tk_https *https, struct tk_connection *conn, struct tk_request *r)
{
    dequeue(https, r);
    tk_connection_assign(conn, r);
    if (!tk_connection_is_open(conn))
        open_connection(https, conn);
}

/* A preempted request: starts over, or ends. */
static void put_back(struct tk_https *https, struct tk_request *r)
{
    if (r->once)
        r->done(r, TK_E_CONN_LOST, NULL);
    else
        enqueue(https, r);
}

static void assign_queued(struct tk_https *https)
{
    struct tk_request *r, *next;

    for (r = https->queue; r != NULL; r = next) {
        struct tk_connection *conn = best_connection(https, r);

        next = r->next;
        if (conn == NULL)
            continue;
        struct tk_request *preempted = conn->request;

        if (!can_take_over(conn, r) &&
            (preempted != NULL || !tk_connection_is_warm(conn, &r->host)))
            tk_connection_close(conn);
        if (preempted != NULL)
            tk_connection_release(conn);
        assign(https, conn, r);
        if (preempted != NULL) {
            put_back(https, preempted);
            next = https->queue;
        }
    }
}

/* --- draining --- */

void tk_https_drain(struct tk_https *https)
{
    https->draining = true;
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &https->connections[i];
        struct tk_request *r = conn->request;

        if (r == NULL || is_awaited(r))
            continue;
        tk_connection_close(conn);
        tk_connection_release(conn);
        put_back(https, r);
    }
}

bool tk_https_drained(const struct tk_https *https)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        if (https->connections[i].request != NULL)
            return false;
    }
    return true;
}

/* --- the step --- */

static void expire_queued(struct tk_https *https, uint64_t now_ms)
{
    struct tk_request *r = https->queue;

    while (r != NULL && now_ms < r->deadline_ms)
        r = r->next;
    if (r == NULL)
        return;
    dequeue(https, r);
    r->done(r, TK_E_TIMEOUT, NULL);
}

static uint64_t next_step(const struct tk_https *https)
{
    uint64_t next_ms = UINT64_MAX;

    for (const struct tk_request *r = https->queue; r != NULL && !https->draining; r = r->next) {
        if (r->deadline_ms < next_ms)
            next_ms = r->deadline_ms;
    }
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        uint64_t at_ms = tk_connection_next_ms(&https->connections[i]);

        if (at_ms < next_ms)
            next_ms = at_ms;
    }
    return next_ms;
}

uint64_t tk_https_step(struct tk_https *https, uint64_t now_ms)
{
    bool busy = false;

    if (!https->draining) {
        expire_queued(https, now_ms);
        assign_queued(https);
    }
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        struct tk_connection *conn = &https->connections[i];

        if (conn->request == NULL) {
            tk_connection_step_idle(conn, now_ms);
        } else if (tk_connection_step(conn, now_ms, &busy)) {
            tk_connection_close(conn);
            open_connection(https, conn);
        }
    }
    return busy ? now_ms : next_step(https);
}
