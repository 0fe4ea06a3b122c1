/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* SOCK_CLOEXEC, MSG_NOSIGNAL */
#endif
#include "libtokenkeeper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define GREETING "{\"tokenkeeper\":2}\n"

enum {
    GET_S = 30,
    CALL_S = 75,
    MOST_S = 3600,
    GRACE_MS = 2000, /* added to the timeout: the service keeps it, too */
    GAP_MS = 120000, /* between two bytes of an answer to a call */
    AGAIN_MS = 10,   /* before another attempt to connect */
    BODY_MAX = 1048576,
    PIECE_MAX = 1024,
    REQUEST_SIZE = 256,
    ANSWER_SIZE = 12289
};

enum way { WELL, ABSENT, LATE, ENDED, STOPPED };

struct link {
    int fd;
    int64_t deadline_ms;
    bool greeted; /* the service answers: it has begun to read requests */
    size_t at, end;
    char bytes[2048]; /* read; [at, end) is not used yet */
};

/* --- errors --- */

static int fail(struct tk_consumer_error *e, int status, const char *code, const char *words)
{
    *e = (struct tk_consumer_error){.exit = status};
    snprintf(e->code, sizeof e->code, "%s", code);
    snprintf(e->words, sizeof e->words, "%s", words);
    return status;
}

static int fail_way(struct tk_consumer_error *e, enum way way, const char *path)
{
    int why = errno;

    if (way != ABSENT)
        return fail(e, TK_CONSUMER_RETRY, "no_answer",
                    "the service did not answer in time; try again");
    fail(e, TK_CONSUMER_NO_SERVICE, "no_service", "");
    snprintf(e->words, sizeof e->words, "%s at %s: %s",
             why == EACCES ? "this user may not connect to the service" : "no service", path,
             strerror(why));
    return e->exit;
}

/* --- time --- */

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for events; WELL or LATE. */
static enum way wait_for(const struct link *l, short events, short *got)
{
    struct pollfd p = {.fd = l->fd, .events = events};

    for (;;) {
        int64_t left = l->deadline_ms - now_ms();
        int n = left <= 0 ? 0 : poll(&p, 1, (int)left);

        if (n == 0)
            return LATE;
        *got = p.revents;
        if (n > 0)
            return WELL;
    }
}

/* --- connecting --- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* As `tokenkeeper get`. */
static const char *path_of(const struct tk_consumer *c, char out[sizeof(struct sockaddr_un)])
{
    static const char places[][2][16] = {
        {"XDG_RUNTIME_DIR", ""}, {"XDG_STATE_HOME", ""}, {"HOME", "/.local/state"}};
    const char *path = c->socket != NULL ? c->socket : environment("TOKENKEEPER_SOCKET");

    if (path == NULL && geteuid() == 0)
        path = "/run/tokenkeeper/socket";
    snprintf(out, sizeof(struct sockaddr_un), "%s", path != NULL ? path : "");
    for (size_t i = 0; i < 3 && out[0] == '\0'; i++) {
        if (environment(places[i][0]) != NULL)
            snprintf(out, sizeof(struct sockaddr_un), "%s%s/tokenkeeper/socket",
                     environment(places[i][0]), places[i][1]);
    }
    return out;
}

static void close_link(struct link *l)
{
    int why = errno;

    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    errno = why;
}

/* A service with too many clients lets them wait. */
static enum way connect_link(struct link *l, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    l->at = l->end = 0;
    l->greeted = false;
    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof to.sun_path)
        return ABSENT;
    memcpy(to.sun_path, path, strlen(path) + 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return ABSENT;
    while (connect(l->fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        if (errno != EAGAIN && errno != EINTR)
            return ABSENT;
        if (now_ms() >= l->deadline_ms)
            return LATE;
        (void)poll(NULL, 0, AGAIN_MS);
    }
    return WELL;
}

/* --- sending and reading --- */

/* Sends all, unless answers make it stop: an answer that comes before is an error. */
static enum way send_all(const struct link *l, const char *data, size_t len, bool stops)
{
    while (len > 0) {
        ssize_t n = send(l->fd, data, len, MSG_NOSIGNAL);
        short got = 0;

        if (n > 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return ENDED;
        if (wait_for(l, stops ? POLLOUT | POLLIN : POLLOUT, &got) != WELL)
            return LATE;
        if (stops && (got & POLLIN) != 0)
            return STOPPED;
    }
    return WELL;
}

/* Reads more where all is used. */
static enum way fill(struct link *l)
{
    while (l->at == l->end) {
        short got;

        if (wait_for(l, POLLIN, &got) != WELL)
            return LATE;
        ssize_t n = read(l->fd, l->bytes, sizeof l->bytes);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return ENDED;
        l->at = 0;
        l->end = n > 0 ? (size_t)n : 0;
    }
    return WELL;
}

static enum way read_line(struct link *l, char *line, size_t size)
{
    for (size_t len = 0; len < size; len++) {
        enum way way = fill(l);

        if (way != WELL)
            return way;
        line[len] = l->bytes[l->at++];
        if (line[len] == '\n') {
            line[len] = '\0';
            return WELL;
        }
    }
    return ENDED;
}

typedef bool taker(void *ctx, const char *data, size_t len);

static enum way pass_piece(struct link *l, size_t left, taker *take, void *ctx)
{
    while (left > 0) {
        enum way way = fill(l);
        size_t n = l->end - l->at < left ? l->end - l->at : left;

        if (way != WELL)
            return way;
        if (take != NULL && !take(ctx, l->bytes + l->at, n))
            return STOPPED;
        l->at += n;
        left -= n;
    }
    return WELL;
}

/* The pieces up to a length of 0; gap_ms: the deadline after each one, 0: as it was. */
static enum way read_pieces(struct link *l, taker *take, void *ctx, int gap_ms)
{
    for (;;) {
        char line[16], *end;
        enum way way = read_line(l, line, sizeof line);
        unsigned long len = way == WELL ? strtoul(line, &end, 10) : 0;

        if (way != WELL || (len == 0 && line[0] == '0'))
            return way;
        if (len == 0 || len > PIECE_MAX || *end != '\0')
            return ENDED;
        l->deadline_ms = gap_ms > 0 ? now_ms() + gap_ms : l->deadline_ms;
        way = pass_piece(l, len, take, ctx);
        if (way != WELL)
            return way;
    }
}

struct answer {
    size_t len;
    char text[ANSWER_SIZE];
};

static bool keep(void *ctx, const char *data, size_t len)
{
    struct answer *a = ctx;

    if (len >= sizeof a->text - a->len)
        return false;
    memcpy(a->text + a->len, data, len);
    a->len += len;
    a->text[a->len] = '\0';
    return true;
}

/* Connects, and sends greeting and request; in answer comes the line of the greeting. Tries again
 * where the service closes the connection in favour of others, before it has read the request. */
static enum way begin(struct link *l, const char *path, const char *request, struct answer *a)
{
    for (;;) {
        enum way way = connect_link(l, path);

        if (way != WELL)
            return way;
        way = send_all(l, GREETING, strlen(GREETING), false);
        if (way == WELL)
            way = send_all(l, request, strlen(request), false);
        if (way == WELL || way == ENDED) /* it may have said why before it closed */
            way = read_line(l, a->text, 512);
        l->greeted = way == WELL && strstr(a->text, "\"tokenkeeper\":") != NULL;
        if (way != ENDED)
            return way;
        close_link(l);
        if (now_ms() >= l->deadline_ms)
            return LATE;
        (void)poll(NULL, 0, AGAIN_MS);
    }
}

/* --- the members of an object --- */

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

static const char *skip_string(const char *s)
{
    for (s++; *s != '\0' && *s != '"'; s++)
        s += *s == '\\' && s[1] != '\0';
    return *s == '"' ? s + 1 : s;
}

/* Behind a value, which may hold others. */
static const char *skip_value(const char *s)
{
    int depth = 0;

    do {
        if (*s == '"') {
            s = skip_string(s);
            continue;
        }
        depth += (*s == '{' || *s == '[') - (*s == '}' || *s == ']');
        s += *s != '\0';
    } while (*s != '\0' && (depth > 0 || strchr(",}", *s) == NULL));
    return s;
}

/* The value of an outermost member; NULL: there is none. */
static const char *member(const char *json, const char *name)
{
    size_t len = strlen(name);

    for (const char *s = skip_space(json + (*json == '{')); *s == '"';) {
        const char *value = skip_space(skip_string(s));

        if (*value != ':')
            return NULL;
        value = skip_space(value + 1);
        if (strncmp(s + 1, name, len) == 0 && s[len + 1] == '"')
            return value;
        s = skip_value(value);
        s = skip_space(s + (*s == ','));
    }
    return NULL;
}

/* The character behind a backslash, at *s, which moves to its end. The service escapes ASCII alone.
 */
static char unescape(const char **s)
{
    static const char from[] = "bfnrtu", to[] = "\b\f\n\r\t";
    const char *known = memchr(from, **s, sizeof from - 1);
    char digits[5] = "", c = known == NULL ? **s : to[known - from];

    *s += **s != '\0';
    if (c != '\0' || known == NULL)
        return c;
    strncat(digits, *s, 4);
    *s += strlen(digits);
    unsigned long code = strtoul(digits, NULL, 16);

    return code > 0 && code < 0x80 ? (char)code : '?';
}

/* The text of a member, cut to size; "" if there is none. */
static void text_of(const char *json, const char *name, char *out, size_t size)
{
    const char *s = member(json, name);
    size_t at = 0;

    for (s = s != NULL && *s == '"' ? s + 1 : ""; *s != '"' && *s != '\0' && at + 1 < size;) {
        char c = *s++;

        out[at++] = c == '\\' ? unescape(&s) : c;
    }
    out[at] = '\0';
}

static uint64_t number_of(const char *json, const char *name)
{
    const char *s = member(json, name);

    return s != NULL && *s >= '0' && *s <= '9' ? strtoull(s, NULL, 10) : 0;
}

static bool is_true(const char *json, const char *name)
{
    const char *s = member(json, name);

    return s != NULL && strncmp(s, "true", 4) == 0;
}

/* The error in an answer; TK_CONSUMER_OK: there is none. */
static int read_error(const char *json, struct tk_consumer_error *e)
{
    *e = (struct tk_consumer_error){.exit = TK_CONSUMER_OK};
    if (is_true(json, "ok"))
        return e->exit;
    e->exit = (int)number_of(json, "exit");
    text_of(json, "error", e->code, sizeof e->code);
    text_of(json, "words", e->words, sizeof e->words);
    e->retry_in_s = (uint32_t)number_of(json, "retry_in");
    if (e->retry_in_s == 0 && strncmp(e->words, "retry_in=", 9) == 0)
        e->retry_in_s = (uint32_t)strtoul(e->words + 9, NULL, 10);
    return e->exit > 0 && e->code[0] != '\0'
               ? e->exit
               : fail(e, TK_CONSUMER_INTERNAL, "bad_reply", "invalid reply from the service");
}

/* --- requests --- */

static bool is_of(const char *text, const char *others, size_t most)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        bool is_letter = (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z';

        if (!is_letter && strchr(others, text[i]) == NULL)
            return false;
    }
    return len >= 1 && len <= most;
}

/* Begins a request; false: no account has such a name. */
static bool make_request(const struct tk_consumer *c, const char *op, int timeout_s,
                         char out[REQUEST_SIZE])
{
    bool has_ref = c->ref != NULL && c->ref[0] != '\0';

    if (has_ref && !is_of(c->ref, "0123456789_-", 16))
        return false;
    snprintf(out, REQUEST_SIZE, "{\"op\":\"%s\",\"timeout\":%d%s%s%s", op, timeout_s,
             has_ref ? ",\"ref\":\"" : "", has_ref ? c->ref : "", has_ref ? "\"" : "");
    return true;
}

static void add(char out[REQUEST_SIZE], const char *name, uint64_t number)
{
    size_t at = strlen(out);

    snprintf(out + at, REQUEST_SIZE - at, ",\"%s\":%llu", name, (unsigned long long)number);
}

/* method: NULL for none. */
static void end_request(char out[REQUEST_SIZE], const char *method)
{
    size_t at = strlen(out);

    snprintf(out + at, REQUEST_SIZE - at, method == NULL ? "}\n" : ",\"method\":\"%s\"}\n", method);
}

static int seconds(int given, int usual)
{
    int s = given == 0 ? usual : given < 0 ? 0 : given;

    return s < MOST_S ? s : MOST_S;
}

static int fail_ref(struct tk_consumer_error *e)
{
    return fail(e, TK_CONSUMER_NO_REF, "no_such_ref", "no account has this name");
}

/* --- get --- */

static void read_token(const char *json, struct tk_consumer_token *t)
{
    text_of(json, "access_token", t->access_token, sizeof t->access_token);
    text_of(json, "client_endpoint", t->client_endpoint, sizeof t->client_endpoint);
    text_of(json, "portal", t->portal, sizeof t->portal);
    text_of(json, "user_id", t->user_id, sizeof t->user_id);
    text_of(json, "member_id", t->member_id, sizeof t->member_id);
    text_of(json, "scope", t->scope, sizeof t->scope);
    t->expires_at = (int64_t)number_of(json, "expires_at");
    t->expires_in = (uint32_t)number_of(json, "expires_in");
    t->generation = (uint32_t)number_of(json, "generation");
    t->is_short = is_true(json, "short");
}

static void wipe(void *memory, size_t len)
{
    volatile char *byte = memory;

    while (len-- > 0)
        *byte++ = 0;
}

static int get(const struct tk_consumer *c, const char *name, uint32_t number,
               struct tk_consumer_token *token, struct tk_consumer_error *e)
{
    int timeout_s = seconds(c->timeout_s, GET_S);
    struct link l = {.fd = -1, .deadline_ms = now_ms() + timeout_s * 1000LL + GRACE_MS};
    char request[REQUEST_SIZE], path[sizeof(struct sockaddr_un)];
    struct answer a = {.len = 0};

    memset(token, 0, sizeof *token);
    if (!make_request(c, "get", timeout_s, request))
        return fail_ref(e);
    add(request, name, number);
    end_request(request, NULL);
    enum way way = begin(&l, path_of(c, path), request, &a);

    if (way == WELL && l.greeted)
        way = read_pieces(&l, keep, &a, 0);
    int status = way == WELL ? read_error(a.text, e) : fail_way(e, way, path);

    if (status == TK_CONSUMER_OK)
        read_token(a.text, token);
    close_link(&l);
    wipe(&a, sizeof a);
    wipe(&l, sizeof l);
    return status;
}

EXPORTED int tk_consumer_get(const struct tk_consumer *consumer, uint32_t min_valid_s,
                             struct tk_consumer_token *token, struct tk_consumer_error *error)
{
    int saved = errno;
    int status = get(consumer, "min_valid", min_valid_s, token, error);

    errno = saved;
    return status;
}

EXPORTED int tk_consumer_rejected(const struct tk_consumer *consumer, uint32_t generation,
                                  struct tk_consumer_token *token, struct tk_consumer_error *error)
{
    int saved = errno;
    int status = get(consumer, "rejected", generation, token, error);

    errno = saved;
    return status;
}

/* --- call --- */

static void read_result(const char *json, struct tk_consumer_result *r)
{
    char outcome[16];

    text_of(json, "outcome", outcome, sizeof outcome);
    r->outcome = strcmp(outcome, "done") == 0      ? TK_CONSUMER_DONE
                 : strcmp(outcome, "unknown") == 0 ? TK_CONSUMER_IN_DOUBT
                                                   : TK_CONSUMER_NOT_SENT;
    r->status = (int)number_of(json, "status");
    r->has_next = member(json, "next") != NULL;
    r->next = number_of(json, "next");
    r->total = number_of(json, "total");
    text_of(json, "last_id", r->last_id, sizeof r->last_id);
    r->operating_s = (uint32_t)number_of(json, "operating");
}

static int fail_in_doubt(struct tk_consumer_error *e, enum way way)
{
    if (way == STOPPED)
        return fail(e, TK_CONSUMER_UNKNOWN, "cancelled", "the program ended the call");
    return fail(e, TK_CONSUMER_UNKNOWN, "unknown_outcome",
                "no whole answer came; the call may have been carried out: look at the portal "
                "before you repeat it");
}

static enum way exchange(struct link *l, const struct tk_consumer_call *call, struct answer *a)
{
    enum way way = send_all(l, call->body, call->body_len, true);

    if (way == WELL || way == STOPPED || way == ENDED)
        way = read_pieces(l, call->on_answer, call->ctx, GAP_MS);
    a->len = 0;
    return way == WELL ? read_pieces(l, keep, a, 0) : way;
}

static int run_call(const struct tk_consumer *c, const struct tk_consumer_call *call,
                    const char *request, struct tk_consumer_result *r, struct tk_consumer_error *e)
{
    struct link l = {.fd = -1,
                     .deadline_ms = now_ms() + seconds(c->timeout_s, CALL_S) * 1000LL + GRACE_MS};
    char path[sizeof(struct sockaddr_un)];
    struct answer a = {.len = 0};
    enum way way = begin(&l, path_of(c, path), request, &a);
    bool greeted = l.greeted;

    if (way == WELL && greeted)
        way = exchange(&l, call, &a);
    close_link(&l);
    if (way != WELL && greeted) {
        r->outcome = TK_CONSUMER_IN_DOUBT;
        return fail_in_doubt(e, way);
    }
    if (way != WELL)
        return fail_way(e, way, path);
    int status = read_error(a.text, e);

    if (greeted)
        read_result(a.text, r);
    return status;
}

static int call_of(const struct tk_consumer *c, const struct tk_consumer_call *call,
                   struct tk_consumer_result *r, struct tk_consumer_error *e)
{
    char request[REQUEST_SIZE];
    size_t prefix = call->method != NULL && strncmp(call->method, "api/", 4) == 0 ? 4 : 0;

    memset(r, 0, sizeof *r);
    if (call->method == NULL || !is_of(call->method + prefix, "0123456789._", 64))
        return fail(e, TK_CONSUMER_USAGE, "bad_value", "this is not the name of a method");
    if (call->body_len > BODY_MAX)
        return fail(e, TK_CONSUMER_USAGE, "bad_value", "the body is longer than 1048576 bytes");
    if (!make_request(c, "call", seconds(c->timeout_s, CALL_S), request))
        return fail_ref(e);
    add(request, "length", call->body_len);
    if (call->only_reads)
        add(request, "reads", 1);
    if (call->wait_s != 0)
        add(request, "wait", (uint64_t)seconds(call->wait_s, 0));
    end_request(request, call->method);
    return run_call(c, call, request, r, e);
}

EXPORTED int tk_consumer_call(const struct tk_consumer *consumer,
                              const struct tk_consumer_call *call,
                              struct tk_consumer_result *result, struct tk_consumer_error *error)
{
    int saved = errno;
    int status = call_of(consumer, call, result, error);

    errno = saved;
    return status;
}
