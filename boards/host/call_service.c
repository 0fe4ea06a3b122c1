/* SPDX-License-Identifier: Apache-2.0 */
#include "call_service.h"

#include "call.h"
#include "call_access.h"
#include "call_end.h"
#include "call_queue.h"
#include "host.h"
#include "reply.h"
#include "tk_clock.h"
#include "tk_container.h"
#include "tk_json_scan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SKIPPED_PER_PASS = 65536 };

/* An open call; of a client, until that leaves. */
struct tk_call_session {
    struct tk_call call;
    struct tk_control *control;
    struct tk_control_client *client; /* NULL: it has left */
    uid_t uid;
    pid_t pid;
    char ref[TK_NAME_MAX + 1];
    char method[TK_METHOD_MAX + sizeof TK_METHOD_V3];
    uint64_t begun_ms, wait_ms; /* tick and time */

    char *body;
    size_t len, got;
    bool is_started;
    bool has_ended;   /* its result is queued */
    uint32_t refused; /* the command of the batch that is not permitted, from 1; 0: none */

    bool is_paused;
    uint64_t answered; /* bytes of the portal's answer */
    uint64_t moved_ms; /* tick at which the client's turn began */
    bool is_watched;   /* tk_wait ends when the client reads what is queued */
    struct tk_call_queue queue;
};

static struct tk_call_session *session_of(const struct tk_control *c,
                                          const struct tk_control_client *client)
{
    for (size_t i = 0; i < TK_CALLS_OPEN; i++) {
        if (c->calls[i] != NULL && c->calls[i]->client == client)
            return c->calls[i];
    }
    return NULL;
}

static void free_session(struct tk_control *c, struct tk_call_session *s)
{
    for (size_t i = 0; i < TK_CALLS_OPEN; i++) {
        if (c->calls[i] == s)
            c->calls[i] = NULL;
    }
    free(s->body);
    free(s);
}

static void flush(struct tk_call_session *s)
{
    if (s->client == NULL || s->client->is_lost)
        tk_call_queue_clear(&s->queue);
    else
        s->client->is_lost = !tk_call_queue_flush(&s->queue, s->client->fd);
}

/* --- the call's callbacks --- */

static struct tk_call_session *of_call(struct tk_call *call)
{
    return TK_CONTAINER_OF(call, struct tk_call_session, call);
}

static size_t produce(struct tk_call *call, uint32_t offset, char *out, size_t size)
{
    struct tk_call_session *s = of_call(call);
    size_t left = s->len - offset, n = left < size ? left : size;

    memcpy(out, s->body + offset, n);
    return n;
}

/* Bytes that do not fit wait until the client has read those that are queued. */
static size_t on_body(struct tk_call *call, const char *data, size_t len)
{
    struct tk_call_session *s = of_call(call);
    size_t taken = 0, n;

    flush(s); /* so that there is no room only where the client has to read first */
    if (tk_call_queue_is_empty(&s->queue))
        s->moved_ms = tk_clock_now_ms(s->control->port);
    while (s->client != NULL && taken < len && (n = tk_call_queue_room(&s->queue)) > 0) {
        n = len - taken < n ? len - taken : n;
        tk_call_queue_piece(&s->queue, data + taken, n);
        taken += n;
    }
    if (s->client == NULL)
        taken = len;
    s->answered += taken;
    s->is_paused = taken == 0;
    if (taken > 0)
        flush(s);
    return taken;
}

/* --- the end of an answer --- */

static void end_answer(struct tk_call_session *s, const struct tk_call_result *r)
{
    if (tk_call_queue_is_empty(&s->queue))
        s->moved_ms = tk_clock_now_ms(s->control->port);
    tk_call_end_queue(&s->queue, r, tk_call_only_reads(&s->call), s->refused);
    s->has_ended = true;
    s->is_paused = false;
    flush(s);
}

static void done(struct tk_call *call, const struct tk_call_result *r)
{
    struct tk_call_session *s = of_call(call);
    uint64_t now_ms = tk_clock_now_ms(s->control->port);

    struct tk_journal_failure failure = {.uid = s->uid,
                                         .pid = s->pid,
                                         .method = s->method,
                                         .error =
                                             r->error[0] != '\0' ? r->error : tk_err_code(r->err),
                                         .status = r->status,
                                         .took_ms = now_ms - s->begun_ms,
                                         .bytes = s->answered};

    if (r->err != TK_OK)
        tk_journal_call(&s->control->journal, &failure, now_ms);
    end_answer(s, r);
}

/* Ends a call that tk_call_start did not take, or that waits for too long. */
static void fail(struct tk_call_session *s, enum tk_err err, uint32_t retry_in_s)
{
    struct tk_call_result result = {
        .err = err, .outcome = TK_CALL_NOT_SENT, .retry_in_s = retry_in_s};

    done(&s->call, &result);
}

/* --- refusals --- */

/* Refuses a line; the body is not read. */
static void refuse(struct tk_control_client *client, const struct tk_call_fields *f,
                   const char *code, const char *words, int status)
{
    tk_reply_words(client, code, words, status);
    client->skip = f->length > 0 ? (size_t)f->length : 0;
    client->state = client->skip > 0 ? TK_CLIENT_SKIPPING : TK_CLIENT_READING;
}

static void refuse_err(struct tk_control_client *client, const struct tk_call_fields *f,
                       enum tk_err err, int status)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_words_add(&t, err);
    refuse(client, f, tk_err_code(err), words, status);
}

/* --- a new call --- */

static struct tk_access_rights rights_of(const struct tk_control *c,
                                         const struct tk_control_client *client)
{
    return (struct tk_access_rights){.access = c->access,
                                     .rights = client->rights,
                                     .is_owner = client->is_admin || client->is_owner};
}

/* A place for one more call of this user; NULL: there is none. */
static struct tk_call_session **place_for(struct tk_control *c, uid_t uid)
{
    struct tk_call_session **place = NULL;
    size_t free_count = 0, own = 0;

    for (size_t i = 0; i < TK_CALLS_OPEN; i++) {
        if (c->calls[i] == NULL) {
            place = &c->calls[i];
            free_count++;
        } else {
            own += c->calls[i]->uid == uid;
        }
    }
    return own < free_count ? place : NULL;
}

static struct tk_call_session *open_session(struct tk_control *c, struct tk_control_client *client,
                                            const struct tk_call_fields *f)
{
    struct tk_call_session **place = place_for(c, client->uid);
    struct tk_call_session *s = place != NULL ? calloc(1, sizeof *s) : NULL;

    if (s == NULL)
        return NULL;
    s->len = f->length > 0 ? (size_t)f->length : 0;
    s->body = malloc(s->len + 1);
    if (s->body == NULL) {
        free(s);
        return NULL;
    }
    *place = s;
    s->control = c;
    s->client = client;
    s->uid = client->uid;
    s->pid = client->pid;
    return s;
}

/* Refuses what is wrong with the line. */
static bool is_permitted(struct tk_control *c, struct tk_control_client *client,
                         const struct tk_call_fields *f, const char *account, uint64_t now_ms)
{
    struct tk_access_rights rights = rights_of(c, client);

    switch (tk_access_judge(&rights, account, f->method)) {
    case TK_ACCESS_ALLOWED:
        return true;
    case TK_ACCESS_REFUSED:
        tk_journal_refusal(&c->journal, client->uid, client->pid, f->method, now_ms);
        refuse(client, f, "not_allowed", TK_CALL_NOT_ALLOWED, TK_EXIT_OPERATOR);
        return false;
    default:
        refuse(client, f, tk_err_code(TK_E_BAD_VALUE), "not the name of a method", TK_EXIT_USAGE);
        return false;
    }
}

static void fill_call(struct tk_call_session *s, const struct tk_call_fields *f,
                      const char *account)
{
    uint64_t timeout_s = f->timeout < 0 ? TK_CALL_TIMEOUT_S : (uint64_t)f->timeout;

    (void)tk_copy(s->ref, sizeof s->ref, account);
    (void)tk_copy(s->method, sizeof s->method, f->method);
    s->wait_ms = 1000 * (f->wait < 0 ? timeout_s : (uint64_t)f->wait);
    s->call = (struct tk_call){.ref = s->ref,
                               .method = s->method,
                               .user = (uint32_t)s->uid,
                               .only_reads = f->reads == 1,
                               .timeout_ms = (uint32_t)(1000 * timeout_s),
                               .produce = produce,
                               .body_len = (uint32_t)s->len,
                               .on_body = on_body,
                               .done = done};
}

void tk_call_service_begin(struct tk_control *c, struct tk_control_client *client,
                           const struct tk_call_fields *f, uint64_t now_ms)
{
    const struct tk_account *a = tk_keeper_account(c->keeper, f->ref == NULL ? "" : f->ref);
    struct tk_call_session *s;

    if (f->method == NULL) {
        refuse(client, f, tk_err_code(TK_E_BAD_VALUE), "method is missing", TK_EXIT_USAGE);
        return;
    }
    if (a == NULL) {
        refuse_err(client, f, TK_E_NO_SUCH_REF, TK_EXIT_NO_REF);
        return;
    }
    if (!is_permitted(c, client, f, a->name, now_ms))
        return;
    s = open_session(c, client, f);
    if (s == NULL) {
        refuse(client, f, tk_err_code(TK_E_BUSY), "too many calls are open; try again",
               TK_EXIT_RETRY);
        return;
    }
    fill_call(s, f, a->name);
    s->begun_ms = s->moved_ms = now_ms;
    client->state = TK_CLIENT_CALLING;
    client->may_read = true;
}

/* --- the body --- */

/* Judges the commands of a batch. */
static enum tk_access_verdict judge_body(struct tk_call_session *s)
{
    struct tk_access_rights rights = rights_of(s->control, s->client);
    struct tk_batch_commands commands = {.reads = false};
    enum tk_access_verdict verdict = TK_ACCESS_ALLOWED;

    if (tk_call_is_batch(s->method))
        verdict = tk_access_judge_batch(&rights, s->ref, s->body, s->len, &commands);
    s->call.only_reads |= commands.reads;
    s->refused = verdict == TK_ACCESS_REFUSED ? commands.count : 0;
    return verdict;
}

/* The body is complete. */
static void start(struct tk_call_session *s, uint64_t now_ms)
{
    enum tk_access_verdict verdict = judge_body(s);
    bool is_json = s->len == 0 || tk_json_is_valid(s->body, s->len, true);
    enum tk_err err = verdict == TK_ACCESS_ALLOWED && is_json ? TK_OK : TK_E_BAD_BODY;

    if (s->refused > 0)
        tk_journal_refusal(&s->control->journal, s->uid, s->pid, s->method, now_ms);
    if (err == TK_OK)
        err = tk_call_start(s->control->keeper, &s->call);
    s->is_started = err == TK_OK;
    if (err != TK_OK)
        fail(s, err, 0);
}

/* Reads up to size bytes. Returns how many; 0 also if there are none now. */
static size_t receive(struct tk_control_client *client, char *bytes, size_t size)
{
    ssize_t n = recv(client->fd, bytes, size, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        client->is_lost = true;
    return n > 0 ? (size_t)n : 0;
}

static void read_body(struct tk_call_session *s, uint64_t now_ms)
{
    size_t n = 1;

    while (n > 0 && s->got < s->len) {
        n = receive(s->client, s->body + s->got, s->len - s->got);
        s->got += n;
    }
    if (s->client->is_lost)
        return;
    if (s->got == s->len)
        start(s, now_ms);
    else
        s->client->is_lost = now_ms >= s->begun_ms + TK_CALL_STALLED_MS;
}

static void skip_body(struct tk_control_client *client)
{
    char bytes[SKIPPED_PER_PASS];
    size_t n = receive(client, bytes, client->skip < sizeof bytes ? client->skip : sizeof bytes);

    client->skip -= n;
    client->may_read = n > 0;
    if (client->skip == 0)
        client->state = TK_CLIENT_READING;
}

/* --- a step --- */

/* Whether it waits for the portal's limit longer than the client will; *left_s: how much longer. */
static bool waits_too_long(const struct tk_call_session *s, uint64_t now_ms, uint32_t *left_s)
{
    uint32_t left_ms;

    if (!s->is_started || s->has_ended)
        return false;
    left_ms = tk_call_wait_ms(s->control->keeper, &s->call);
    *left_s = tk_seconds_until((uint64_t)left_ms + 999, 0);
    return left_ms > 0 && now_ms + left_ms > s->begun_ms + s->wait_ms;
}

/* The client has read what was queued. */
static void go_on(struct tk_call_session *s, uint64_t now_ms)
{
    struct tk_control_client *client = s->client;

    if (s->is_paused) {
        s->is_paused = false;
        tk_call_resume(s->control->keeper, &s->call);
    }
    if (!s->has_ended)
        return;
    free_session(s->control, s);
    client->state = TK_CLIENT_READING;
    client->since_ms = now_ms;
    client->may_read = true;
}

void tk_call_service_step(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    struct tk_call_session *s = session_of(c, client);
    uint32_t left_s;

    if (client->state == TK_CLIENT_SKIPPING) {
        skip_body(client);
        return;
    }
    if (!s->is_started && !s->has_ended)
        read_body(s, now_ms);
    if (waits_too_long(s, now_ms, &left_s)) {
        tk_call_cancel(c->keeper, &s->call);
        fail(s, TK_E_REST_LIMIT, left_s);
    }
    flush(s);
    if (client->is_lost)
        return;
    if (tk_call_queue_is_empty(&s->queue))
        go_on(s, now_ms);
    else
        client->is_lost = now_ms >= s->moved_ms + TK_CALL_STALLED_MS;
}

short tk_call_service_events(const struct tk_control *c, const struct tk_control_client *client,
                             uint64_t now_ms, uint64_t *next_ms)
{
    struct tk_call_session *s = session_of(c, client);
    uint64_t at_ms = UINT64_MAX;
    short events = POLLPRI;

    if (s != NULL)
        s->is_watched = !tk_call_queue_is_empty(&s->queue);

    if (client->state == TK_CLIENT_SKIPPING) {
        at_ms = client->may_read ? now_ms : UINT64_MAX;
        events |= POLLIN;
    } else if (!tk_call_queue_is_empty(&s->queue)) {
        at_ms = s->moved_ms + TK_CALL_STALLED_MS;
        events |= POLLOUT;
    } else if (!s->is_started && !s->has_ended) {
        at_ms = s->got < s->len ? s->begun_ms + TK_CALL_STALLED_MS : now_ms;
        events |= POLLIN;
    }
    if (at_ms < *next_ms)
        *next_ms = at_ms;
    return events;
}

void tk_call_service_leave(struct tk_control *c, struct tk_control_client *client)
{
    struct tk_call_session *s = session_of(c, client);

    if (s == NULL)
        return;
    s->client = NULL;
    tk_call_resume(c->keeper, &s->call);
    tk_call_service_run(c);
}

static bool is_due(const struct tk_call_session *s, uint64_t now_ms)
{
    uint32_t left_s;

    if (s->client == NULL)
        return s->has_ended;
    if (!tk_call_queue_is_empty(&s->queue))
        return !s->is_watched;
    return s->has_ended || s->is_paused || waits_too_long(s, now_ms, &left_s);
}

bool tk_call_service_is_due(const struct tk_control *c, uint64_t now_ms)
{
    for (size_t i = 0; i < TK_CALLS_OPEN; i++) {
        if (c->calls[i] != NULL && is_due(c->calls[i], now_ms))
            return true;
    }
    return false;
}

static void end_session(struct tk_control *c, struct tk_call_session *s)
{
    tk_call_cancel(c->keeper, &s->call);
    free_session(c, s);
}

void tk_call_service_run(struct tk_control *c)
{
    for (size_t i = 0; i < TK_CALLS_OPEN; i++) {
        struct tk_call_session *s = c->calls[i];

        if (s != NULL && s->client == NULL && (!tk_call_was_sent(&s->call) || s->has_ended))
            end_session(c, s);
    }
}

void tk_call_service_close(struct tk_control *c)
{
    for (size_t i = 0; i < TK_CALLS_OPEN; i++) {
        if (c->calls[i] != NULL)
            end_session(c, c->calls[i]);
    }
}
