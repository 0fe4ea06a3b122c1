/* SPDX-License-Identifier: Apache-2.0 */
#include "call_link.h"

#include "call.h"
#include "host.h"
#include "tk_json.h"
#include "tk_text.h"
#include "tokenkeeper.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

enum {
    GRACE_MS = 2000,                 /* added to the timeout: the service keeps it, too */
    GAP_MS = 2 * TK_CALL_STALLED_MS, /* between two bytes of an answer */
    BUSY_MS = 200,                   /* before another attempt where too many calls are open */
    AGAIN_MS = 10,                   /* before another attempt to connect */
    LINE_SIZE = 512
};

struct link {
    struct tk_service service;
    bool was_sent; /* and the service greeted: it may have begun the call */
};

/* --- signals --- */

static volatile sig_atomic_t caught;         /* 0: none */
static volatile sig_atomic_t connected = -1; /* the connection of the current call */

static void end_call(int number)
{
    caught = number;
    if (connected >= 0)
        (void)shutdown(connected, SHUT_RDWR);
}

void tk_call_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = end_call}, old;

    action.sa_flags = (int)SA_RESETHAND;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            (void)sigaction(numbers[i], &action, NULL);
    }
}

int tk_call_signal(void)
{
    return caught;
}

/* --- the answer's second part --- */

static void fail(struct tk_call_answer *answer, const char *error, const char *words, int status)
{
    *answer = (struct tk_call_answer){.status = status, .retry_in_s = -1};
    (void)tk_copy(answer->error, sizeof answer->error, error);
    (void)tk_copy(answer->words, sizeof answer->words, words);
}

static void copy_text(struct tk_json *j, const char *name, char *to, size_t size)
{
    const char *text = tk_json_text(j, tk_json_member(j, 0, name));

    (void)tk_copy(to, size, text != NULL ? text : "");
}

static int64_t number(struct tk_json *j, const char *name, int64_t otherwise)
{
    int64_t value;

    return tk_json_int(j, tk_json_member(j, 0, name), &value) ? value : otherwise;
}

static void read_answer(struct tk_call_answer *answer)
{
    char copy[sizeof answer->json];
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    int64_t next, total;

    answer->json[strcspn(answer->json, "\n")] = '\0';
    (void)tk_copy(copy, sizeof copy, answer->json);
    if (!tk_json_parse(&j, copy, strlen(copy), tokens, TK_JSON_TOKENS)) {
        fail(answer, "bad_reply", "invalid reply from the service", TK_EXIT_INTERNAL);
        return;
    }
    answer->ok = strncmp(answer->json, "{\"ok\":true", 10) == 0;
    copy_text(&j, "error", answer->error, sizeof answer->error);
    copy_text(&j, "words", answer->words, sizeof answer->words);
    answer->status = answer->ok ? TK_EXIT_OK : (int)number(&j, "exit", TK_EXIT_INTERNAL);
    answer->retry_in_s = number(&j, "retry_in", -1);
    answer->command = number(&j, "command", 0);
    next = number(&j, "next", -1);
    total = number(&j, "total", 0);
    answer->has_next = answer->ok && next >= 0;
    answer->more = answer->has_next && total > next ? total - next : 0;
}

/* --- the request --- */

static bool make_line(const struct tk_call_request *r, char *line, size_t size)
{
    struct tk_text t;

    tk_text_init(&t, line, size);
    tk_text_add(&t, "{\"op\":\"call\",\"method\":");
    tk_text_json(&t, r->method);
    if (r->ref != NULL) {
        tk_text_add(&t, ",\"ref\":");
        tk_text_json(&t, r->ref);
    }
    tk_text_add(&t, ",\"length\":");
    tk_text_int(&t, (int64_t)r->len);
    tk_text_add(&t, r->reads ? ",\"reads\":1" : "");
    tk_text_add(&t, ",\"timeout\":");
    tk_text_int(&t, (int64_t)r->timeout_s);
    if (r->wait_s >= 0) {
        tk_text_add(&t, ",\"wait\":");
        tk_text_int(&t, r->wait_s);
    }
    tk_text_add(&t, "}\n");
    return tk_text_ok(&t);
}

/* Greets, sends the request, and reads the greeting. */
static enum tk_service_result begin(struct link *l, const struct tk_call_request *r,
                                    struct tk_call_answer *answer)
{
    char line[LINE_SIZE];
    enum tk_service_result result = tk_service_send(&l->service, TK_SERVICE_GREETING);
    bool is_complete;

    if (!make_line(r, line, sizeof line))
        return TK_SERVICE_ENDED;
    if (result == TK_SERVICE_OK)
        result = tk_service_send(&l->service, line);
    if (result == TK_SERVICE_OK)
        result = tk_service_send_bytes(&l->service, r->body, r->len);
    is_complete = result == TK_SERVICE_OK;
    if (result == TK_SERVICE_TIMEOUT)
        return result;
    result = tk_service_read_line(&l->service, answer->json,
                                  LINE_SIZE); /* it may have said why it closed */
    if (result == TK_SERVICE_OK && strstr(answer->json, "\"tokenkeeper\":") == NULL)
        return TK_SERVICE_REFUSED;
    l->was_sent = is_complete && result == TK_SERVICE_OK; /* it greets before it reads a request */
    return result;
}

static enum tk_service_result exchange(struct link *l, const struct tk_call_request *r,
                                       tk_service_take *take, void *owner,
                                       struct tk_call_answer *answer, bool *wanted)
{
    enum tk_service_result result = begin(l, r, answer);

    if (result != TK_SERVICE_OK)
        return result;
    l->service.gap_ms = GAP_MS;
    result = tk_service_read_part(&l->service, take, owner, wanted);
    answer->json[0] = '\0';
    if (result == TK_SERVICE_OK && *wanted)
        result = tk_service_read_text(&l->service, answer->json, sizeof answer->json);
    return result;
}

/* There is no answer. */
static void report_lost(const struct link *l, enum tk_service_result result,
                        const struct tk_call_request *r, struct tk_call_answer *answer)
{
    char words[sizeof answer->words];
    bool reads = r->reads || tk_method_reads(r->method);

    if (l->was_sent) {
        fail(answer, "unknown_outcome",
             reads ? "the service did not answer; try again"
                   : "the service did not answer; look at the portal before you try again",
             reads ? TK_EXIT_RETRY : TK_EXIT_UNKNOWN);
        return;
    }
    int status = tk_service_explain(result, r->path, words, sizeof words);

    fail(answer, result == TK_SERVICE_ABSENT ? "no_service" : "try_later", words, status);
}

/* True: nothing was begun, and another attempt may succeed. */
static bool is_again(const struct link *l, enum tk_service_result result,
                     const struct tk_call_answer *answer)
{
    if (result == TK_SERVICE_ENDED)
        return !l->was_sent;
    /* The portal's own codes have another status. */
    return result == TK_SERVICE_OK && answer->status == TK_EXIT_RETRY &&
           strcmp(answer->error, "busy") == 0;
}

static struct tk_call_request with_time_left(const struct tk_call_request *r, uint64_t end_ms)
{
    struct tk_call_request left = *r;
    uint64_t now_ms = tk_service_now();

    left.timeout_s = now_ms < end_ms ? (end_ms - now_ms) / 1000 : 0;
    return left;
}

bool tk_call_ask(const struct tk_call_request *r, tk_service_take *take, void *owner,
                 struct tk_call_answer *answer)
{
    uint64_t deadline_ms = tk_service_now() + r->timeout_s * 1000 + GRACE_MS;
    struct tk_call_request request = *r;

    for (;;) {
        struct link l = {.service = {.deadline_ms = deadline_ms}};
        enum tk_service_result result = tk_service_open(&l.service, r->path, false);
        bool wanted = true;

        *answer = (struct tk_call_answer){.retry_in_s = -1};
        connected = l.service.fd;
        l.service.waits = r->waits;
        l.service.owner = owner;
        if (result == TK_SERVICE_OK && caught == 0)
            result = exchange(&l, &request, take, owner, answer, &wanted);
        wanted &= caught == 0 || (result == TK_SERVICE_OK && l.was_sent);
        if (result == TK_SERVICE_OK || result == TK_SERVICE_REFUSED)
            read_answer(answer);
        else
            report_lost(&l, result, r, answer);
        connected = -1;
        tk_service_close(&l.service);
        if (!wanted)
            return false;
        if (!is_again(&l, result, answer) || tk_service_now() >= deadline_ms)
            return true;
        (void)poll(NULL, 0, result == TK_SERVICE_OK ? BUSY_MS : AGAIN_MS);
        request = with_time_left(r, deadline_ms - GRACE_MS);
    }
}
