/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_net.h"

#include <string.h>

#define RECV_SIZE 512 /* bytes read at a time, on the stack */
#define TRIES_MAX 2   /* with another offer in the handshake: no session, no RSA-PSS */

enum tk_err tk_net_init(struct tk_net *net, struct tk_port *port, struct tk_time *time,
                        mbedtls_x509_crt_ca_cb_t find_root, void *trust)
{
    memset(net, 0, sizeof *net);
    net->port = port;
    for (size_t i = 0; i < TK_SLOTS; i++)
        tk_tls_init(&net->slots[i].tls, &net->tls);
    return tk_tls_share(&net->tls, port, time, find_root, trust);
}

void tk_net_free(struct tk_net *net)
{
    for (size_t i = 0; i < TK_SLOTS; i++)
        tk_tls_free(&net->slots[i].tls);
    tk_tls_unshare(&net->tls);
    tk_wipe(net, sizeof *net);
}

/* --- the queue --- */

static void enqueue(struct tk_net *net, struct tk_request *r)
{
    struct tk_request **at = &net->first;

    while (*at != NULL && (*at)->priority >= r->priority)
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    r->waiting = true;
    r->slot = NULL;
}

static void dequeue(struct tk_net *net, struct tk_request *r)
{
    struct tk_request **at = &net->first;

    while (*at != NULL && *at != r)
        at = &(*at)->next;
    if (*at != NULL)
        *at = r->next;
    r->waiting = false;
}

void tk_net_submit(struct tk_net *net, struct tk_request *r)
{
    r->sent = false;
    enqueue(net, r);
}

bool tk_net_active(const struct tk_request *r)
{
    return r->waiting || r->slot != NULL;
}

/* --- a slot --- */

static void close_slot(struct tk_slot *slot)
{
    tk_tls_close(&slot->tls);
    tk_wipe(slot->work, sizeof slot->work);
    slot->keep_until_ms = 0;
}

static bool is_open(const struct tk_slot *slot)
{
    return slot->tls.stage != TK_TLS_IDLE;
}

static bool is_in_use(const struct tk_net *net, const struct tk_tls_session *session)
{
    for (size_t i = 0; i < TK_SLOTS; i++) {
        if (is_open(&net->slots[i]) && net->slots[i].tls.session == session)
            return true;
    }
    return false;
}

/* What is known of a host, in the place of the host whose session ends first if need be. One is
 * free: the slot that asks is closed, and there are no fewer places than slots. */
static struct tk_tls_session *session_for(struct tk_net *net, const struct tk_host *host)
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

const struct tk_tls_session *tk_net_session(const struct tk_net *net, const struct tk_host *host)
{
    for (size_t i = 0; i < TK_SESSIONS; i++) {
        const struct tk_tls_session *s = &net->sessions[i];

        if (s->len > 0 && tk_host_same(&s->host, host))
            return s;
    }
    return NULL;
}

void tk_net_restore_session(struct tk_net *net, const struct tk_tls_session *session)
{
    *session_for(net, &session->host) = *session;
}

void *tk_net_spare(struct tk_net *net)
{
    for (size_t i = 0; i < TK_SLOTS; i++) {
        const struct tk_slot *slot = &net->slots[i];

        if (slot->request == NULL || slot->tls.stage != TK_TLS_READY)
            return net->slots[i].work;
    }
    return NULL;
}

static void open_slot(struct tk_net *net, struct tk_slot *slot, const struct tk_host *host)
{
    tk_tls_open(&slot->tls, host, session_for(net, host));
}

/* What is not verified yet begins again; a request that is under way ends, and leaves no session.
 */
void tk_net_forget_sessions(struct tk_net *net)
{
    for (size_t i = 0; i < TK_SLOTS; i++) {
        struct tk_slot *slot = &net->slots[i];

        if (is_open(slot) && (slot->request == NULL || slot->tls.stage != TK_TLS_READY))
            close_slot(slot);
        slot->tls.session = NULL;
    }
    tk_wipe(net->sessions, sizeof net->sessions);
    for (size_t i = 0; i < TK_SLOTS; i++) {
        struct tk_slot *slot = &net->slots[i];

        if (slot->request != NULL && !is_open(slot))
            open_slot(net, slot, &slot->request->host);
    }
}

static void assign(struct tk_net *net, struct tk_slot *slot, struct tk_request *r)
{
    dequeue(net, r);
    slot->request = r;
    slot->writing = false;
    slot->tries = 0;
    r->slot = slot;
    if (!is_open(slot))
        open_slot(net, slot, &r->host);
}

static void release(struct tk_slot *slot)
{
    slot->request->slot = NULL;
    slot->request = NULL;
}

void tk_net_cancel(struct tk_net *net, struct tk_request *r)
{
    if (r->waiting)
        dequeue(net, r);
    if (r->slot != NULL && r->slot->request == r) { /* not from within its own done */
        close_slot(r->slot);
        release(r->slot);
    }
}

/* --- which slot a request gets --- */

static bool is_warm_for(const struct tk_slot *slot, const struct tk_host *host)
{
    return slot->tls.stage == TK_TLS_READY && tk_host_same(&slot->tls.host, host);
}

bool tk_net_is_warm(const struct tk_net *net, const struct tk_host *host)
{
    for (size_t i = 0; i < TK_SLOTS; i++) {
        if (net->slots[i].request == NULL && is_warm_for(&net->slots[i], host))
            return true;
    }
    return false;
}

/* A connection that is only being opened, to the host that is wanted, is taken over as it is. */
static bool can_take_over(const struct tk_slot *slot, const struct tk_request *r)
{
    const struct tk_request *other = slot->request;

    return other != NULL && other->write == NULL && other->priority < r->priority &&
           tk_host_same(&slot->tls.host, &r->host);
}

/* How gladly a slot is given to a request; 0: not at all. Of two that others have, the one with
 * the lesser priority. */
static int suits(const struct tk_slot *slot, const struct tk_request *r)
{
    const struct tk_request *other = slot->request;

    if (other == NULL)
        return is_warm_for(slot, &r->host) ? 9 : !is_open(slot) ? 7 : 6;
    if (can_take_over(slot, r))
        return 8;
    if (other->priority >= r->priority || (other->sent && other->priority >= TK_PRIORITY_REFRESH))
        return 0;
    return TK_PRIORITY_EXCHANGE - (int)other->priority;
}

static struct tk_slot *best_slot(struct tk_net *net, const struct tk_request *r)
{
    struct tk_slot *best = NULL;

    for (size_t i = 0; i < TK_SLOTS; i++) {
        struct tk_slot *slot = &net->slots[i];

        if (suits(slot, r) > (best == NULL ? 0 : suits(best, r)))
            best = slot;
    }
    return best;
}

static void assign_waiting(struct tk_net *net)
{
    struct tk_request *r, *next;

    for (r = net->first; r != NULL; r = next) {
        struct tk_slot *slot = best_slot(net, r);

        next = r->next;
        if (slot == NULL)
            continue;
        struct tk_request *ousted = slot->request;

        if (!can_take_over(slot, r) && (ousted != NULL || !is_warm_for(slot, &r->host)))
            close_slot(slot);
        if (ousted != NULL)
            release(slot);
        assign(net, slot, r);
        if (ousted != NULL) {
            tk_net_submit(net, ousted);
            next = net->first;
        }
    }
}

/* --- a request under way --- */

/* The slot is free before the owner hears of it, so that it may submit again. */
static void finish(struct tk_slot *slot, enum tk_err err, uint64_t now_ms)
{
    struct tk_request *r = slot->request;
    bool answered = err == TK_OK && r->write != NULL;
    bool keep = err == TK_OK && r->keep_ms > 0 && (!answered || slot->http.keep);
    uint64_t keep_until_ms = now_ms + r->keep_ms;

    slot->request = NULL;
    r->done(r, err, answered || err == TK_E_HTTP_TOO_LARGE ? &slot->http : NULL);
    if (r->slot == slot)
        r->slot = NULL;
    if (!keep) {
        close_slot(slot);
        return;
    }
    tk_wipe(slot->work, sizeof slot->work);
    slot->keep_until_ms = keep_until_ms;
}

/* A kept connection may have been closed meanwhile; nothing was sent on it, so another may serve.
 * Bytes that nobody asked for make it just as useless. */
static bool is_stale(struct tk_slot *slot)
{
    char byte;

    return slot->keep_until_ms > 0 && (slot->tls.session == NULL /* verified by another list */ ||
                                       tk_tls_recv(&slot->tls, &byte, 1) != TK_SOCK_AGAIN);
}

static int begin_writing(struct tk_net *net, struct tk_slot *slot, enum tk_err *err)
{
    struct tk_request *r = slot->request;
    struct tk_text out;

    if (is_stale(slot)) {
        close_slot(slot);
        open_slot(net, slot, &r->host);
        return TK_HTTP_MORE;
    }
    slot->keep_until_ms = 0;
    if (r->write == NULL)
        return TK_HTTP_DONE;
    tk_text_init(&out, slot->work, sizeof slot->work);
    *err = r->write(r, &out);
    if (*err == TK_OK && !tk_text_ok(&out))
        *err = TK_E_NO_MEMORY;
    slot->out_len = out.len;
    slot->writing = true;
    return *err == TK_OK ? TK_HTTP_MORE : TK_HTTP_FAILED;
}

static int io_failure(const struct tk_slot *slot, int n, enum tk_err *err)
{
    if (n == TK_SOCK_AGAIN)
        return TK_HTTP_MORE;
    *err = n == TK_SOCK_CLOSED ? TK_E_CONN_LOST : slot->tls.err;
    return TK_HTTP_FAILED;
}

static int send_request(struct tk_slot *slot, enum tk_err *err)
{
    slot->request->sent = true;
    int n = tk_tls_send(&slot->tls, slot->work, slot->out_len);

    if (n < 0)
        return io_failure(slot, n, err);
    slot->out_len -= (size_t)n;
    memmove(slot->work, slot->work + n, slot->out_len);
    if (slot->out_len == 0)
        tk_http_begin(&slot->http, slot->work, sizeof slot->work);
    return TK_HTTP_MORE;
}

/* One piece of the answer. */
static int read_piece(struct tk_slot *slot, char bytes[RECV_SIZE], enum tk_err *err, bool *again)
{
    int n = tk_tls_recv(&slot->tls, bytes, RECV_SIZE);

    *again = n == TK_SOCK_AGAIN;
    if (n == TK_SOCK_CLOSED)
        return tk_http_end(&slot->http, err);
    if (n < 0)
        return io_failure(slot, n, err);
    return tk_http_feed(&slot->http, bytes, (size_t)n, err);
}

/* Bounded by the size of head and body that tk_http_feed lets pass. */
static int read_answer(struct tk_slot *slot, enum tk_err *err)
{
    char bytes[RECV_SIZE];
    int result;
    bool again;

    do {
        result = read_piece(slot, bytes, err, &again);
    } while (result == TK_HTTP_MORE && !again);
    tk_wipe(bytes, sizeof bytes);
    return result;
}

static int connect_slot(struct tk_net *net, struct tk_slot *slot, enum tk_err *err, bool *busy)
{
    int n = tk_tls_step(&slot->tls, busy);

    *busy |= n != TK_SOCK_AGAIN;
    if (n != TK_SOCK_ERR)
        return TK_HTTP_MORE;
    *err = slot->tls.err;
    if (!slot->tls.try_again || slot->tries++ >= TRIES_MAX)
        return TK_HTTP_FAILED;
    close_slot(slot);
    open_slot(net, slot, &slot->request->host);
    return TK_HTTP_MORE;
}

/* As far as it goes: behind a request that left whole stands the question for its answer, so that
 * the socket is waited for. */
static int talk(struct tk_net *net, struct tk_slot *slot, enum tk_err *err, bool *busy)
{
    int result;

    if (!slot->writing) {
        result = begin_writing(net, slot, err);
        *busy |= !slot->writing;
        if (result != TK_HTTP_MORE || !slot->writing)
            return result;
    }
    if (slot->out_len > 0) {
        size_t before = slot->out_len;

        result = send_request(slot, err);
        if (result != TK_HTTP_MORE || slot->out_len > 0) {
            *busy |= slot->out_len < before; /* the socket did not say that it cannot go on */
            return result;
        }
    }
    return read_answer(slot, err);
}

static void step_request(struct tk_net *net, struct tk_slot *slot, uint64_t now_ms, bool *busy)
{
    enum tk_err err = TK_OK;
    int result = slot->tls.stage == TK_TLS_READY ? talk(net, slot, &err, busy)
                                                 : connect_slot(net, slot, &err, busy);

    if (result == TK_HTTP_MORE && now_ms >= slot->request->give_up_ms) {
        result = TK_HTTP_FAILED;
        err = TK_E_TIMEOUT;
    }
    if (result == TK_HTTP_MORE)
        return;
    finish(slot, err, now_ms);
    *busy = true; /* another may be waiting for the slot */
}

static void step_idle(struct tk_slot *slot, uint64_t now_ms)
{
    if (is_open(slot) && (now_ms >= slot->keep_until_ms || is_stale(slot)))
        close_slot(slot);
}

static void expire_waiting(struct tk_net *net, uint64_t now_ms)
{
    struct tk_request *r = net->first;

    while (r != NULL && now_ms < r->give_up_ms)
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

static uint64_t next_deadline(const struct tk_net *net)
{
    uint64_t next = UINT64_MAX;

    for (const struct tk_request *r = net->first; r != NULL; r = r->next)
        next = earliest(next, r->give_up_ms);
    for (size_t i = 0; i < TK_SLOTS; i++) {
        const struct tk_slot *slot = &net->slots[i];

        if (slot->request != NULL)
            next = earliest(next, slot->request->give_up_ms);
        else if (is_open(slot))
            next = earliest(next, slot->keep_until_ms);
        if (slot->tls.stage == TK_TLS_TCP || slot->tls.stage == TK_TLS_HANDSHAKE)
            next = earliest(next, slot->tls.tcp_give_up_ms);
    }
    return next;
}

uint64_t tk_net_step(struct tk_net *net, uint64_t now_ms)
{
    bool busy = false;

    expire_waiting(net, now_ms);
    assign_waiting(net);
    for (size_t i = 0; i < TK_SLOTS; i++) {
        if (net->slots[i].request != NULL)
            step_request(net, &net->slots[i], now_ms, &busy);
        else
            step_idle(&net->slots[i], now_ms);
    }
    return busy ? now_ms : next_deadline(net);
}

const struct tk_tls *tk_net_connection(const struct tk_request *r)
{
    return r->slot == NULL ? NULL : &r->slot->tls;
}
