/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "call.h"
#include "call_service.h"
#include "consoles.h"
#include "events.h"

#include "host.h"
#include "reply.h"
#include "tk_json.h"

#include <mbedtls/base64.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { GET_TIMEOUT_S = 30, GET_TIMEOUT_MAX = 3600, NONE = -1 };

#define NOT_ALLOWED                                                                                \
    "this user may not do that; an administrator permits it in the file of run --access"

/* --- a line of JSON --- */

enum member {
    REF = 1,
    MIN_VALID = 2,
    REJECTED = 4,
    TIMEOUT = 8,
    INDEX = 16,
    ASK_PIN = 32,
    METHOD = 64,
    LENGTH = 128,
    READS = 256,
    WAIT = 512
};

struct fields {
    const char *ref, *method;
    int64_t min_valid, rejected, timeout, index, ask_pin, length, reads, wait; /* NONE: not given */
};

static const struct {
    const char *name;
    enum member member;
    int64_t max;
    size_t at; /* in struct fields */
} numbers[] = {{"min_valid", MIN_VALID, UINT32_MAX, offsetof(struct fields, min_valid)},
               {"rejected", REJECTED, UINT32_MAX, offsetof(struct fields, rejected)},
               {"timeout", TIMEOUT, GET_TIMEOUT_MAX, offsetof(struct fields, timeout)},
               {"index", INDEX, TK_CAS - 1, offsetof(struct fields, index)},
               {"ask_pin", ASK_PIN, 1, offsetof(struct fields, ask_pin)},
               {"length", LENGTH, TK_CALL_BODY_MAX, offsetof(struct fields, length)},
               {"reads", READS, 1, offsetof(struct fields, reads)},
               {"wait", WAIT, TK_CALL_TIMEOUT_MAX, offsetof(struct fields, wait)}};

struct parsed {
    struct tk_json json;
    jsmntok_t tokens[TK_JSON_TOKENS];
};

static bool parse(struct parsed *p, struct tk_control_client *client)
{
    return tk_json_parse(&p->json, client->text, client->len, p->tokens, TK_JSON_TOKENS) &&
           tk_json_is_object(&p->json, 0);
}

static void refuse(struct tk_control_client *client, const char *code, const char *format,
                   const char *name, unsigned long max)
{
    char words[192];

    snprintf(words, sizeof words, format, name, max);
    for (char *c = words; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') /* the name may be cut within a character, or no UTF-8 */
            *c = '?';
    }
    tk_reply_words(client, code, words, TK_EXIT_USAGE);
}

/* Not as tk_json_int: a string of digits is not a number here. */
static bool is_number(const struct tk_json *j, int value, int64_t max, int64_t *out)
{
    struct tk_json copy = *j;

    return j->tokens[value].type == JSMN_PRIMITIVE && tk_json_int(&copy, value, out) && *out >= 0 &&
           *out <= max;
}

static bool take_number(struct tk_control_client *client, struct tk_json *j, int value,
                        const char *name, int64_t max, int64_t *out)
{
    if (is_number(j, value, max, out))
        return true;
    refuse(client, "wrong_type", "%s must be a whole number from 0 to %lu", name,
           (unsigned long)max);
    return false;
}

static bool take_text(struct tk_control_client *client, struct tk_json *j, int value,
                      const char *name, const char **out)
{
    *out = j->tokens[value].type == JSMN_STRING ? tk_json_text(j, value) : NULL;
    if (*out == NULL)
        refuse(client, "wrong_type", "%s must be a string", name, 0);
    return *out != NULL;
}

static bool take_member(struct tk_control_client *client, struct tk_json *j, int value,
                        const char *name, unsigned takes, struct fields *f)
{
    if ((takes & REF) != 0 && strcmp(name, "ref") == 0)
        return take_text(client, j, value, name, &f->ref);
    if ((takes & METHOD) != 0 && strcmp(name, "method") == 0)
        return take_text(client, j, value, name, &f->method);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if ((takes & numbers[i].member) != 0 && strcmp(name, numbers[i].name) == 0)
            return take_number(client, j, value, name, numbers[i].max,
                               (int64_t *)((char *)f + numbers[i].at));
    }
    refuse(client, "unknown_member", "'%.40s' is not a member of this request", name, 0);
    return false;
}

/* All values are plain, so that each takes one token. */
static bool take_members(struct tk_control_client *client, struct tk_json *j, unsigned takes,
                         struct fields *f)
{
    for (int i = 1; i + 1 < j->count; i += 2) {
        const char *name = tk_json_text(j, i);

        if (name != NULL && strcmp(name, "op") == 0)
            continue;
        if (!take_member(client, j, i + 1, name == NULL ? "" : name, takes, f))
            return false;
    }
    return true;
}

/* --- the greeting --- */

/* What a consumer may do at most. */
static const char *role_of(const struct tk_control *c, const struct tk_control_client *client)
{
    if (client->is_admin)
        return "admin";
    for (size_t i = 0; i < c->access->count; i++) {
        if (client->rights != TK_RIGHTS_ALL && (client->rights >> i & 1) != 0 &&
            c->access->rules[i].may_get)
            return "get";
    }
    return client->rights == TK_RIGHTS_ALL ? "get" : "call";
}

void tk_request_greet(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    struct parsed p;
    int64_t version;
    bool is_json = parse(&p, client);
    int value = is_json ? tk_json_member(&p.json, 0, "tokenkeeper") : TK_JSON_NONE;

    if (is_json && tk_json_member(&p.json, 0, "op") != TK_JSON_NONE)
        tk_reply_no_greeting(client, "old_client",
                             "this service is newer than the program that asks it; use the "
                             "tokenkeeper program of version " TK_VERSION,
                             TK_EXIT_USAGE);
    else if (value == TK_JSON_NONE || !is_number(&p.json, value, UINT32_MAX, &version))
        tk_reply_no_greeting(client, "no_greeting",
                             "the first line must be {\"tokenkeeper\":2}, see PROTOCOL.md",
                             TK_EXIT_USAGE);
    else if (version != TK_PROTOCOL)
        tk_reply_no_greeting(client, "wrong_version",
                             "this service speaks version 2 of the protocol only", TK_EXIT_USAGE);
    else if (client->rights == 0) {
        tk_journal_refusal(&c->journal, client->uid, client->pid, "connection", now_ms);
        tk_reply_no_greeting(client, "not_allowed", NOT_ALLOWED, TK_EXIT_OPERATOR);
    } else {
        tk_reply_greeting(client, role_of(c, client));
        client->state = TK_CLIENT_READING;
    }
}

/* --- get --- */

static void add_hosts(struct tk_text *t, const struct tk_account *a)
{
    char text[TK_HOST_TEXT], endpoint[TK_HOST_TEXT + 16];
    struct tk_text host;
    struct tk_host auth;

    tk_text_init(&host, text, sizeof text);
    tk_text_host(&host, &a->client.portal);
    tk_reply_string(t, "portal", text);
    tk_reply_string(t, "domain", text);
    tk_account_auth_host(a, &auth);
    tk_text_init(&host, endpoint, sizeof endpoint);
    tk_text_add(&host, "https://");
    tk_text_host(&host, &auth);
    tk_text_add(&host, "/rest/");
    tk_reply_string(t, "server_endpoint", endpoint);
}

static void reply_token(struct tk_control *c, struct tk_control_client *client, const char *token,
                        const struct tk_token_info *info)
{
    const struct tk_account *a = tk_keeper_account(c->keeper, client->ref);
    char buf[TK_REPLY_SIZE];
    struct tk_text t;

    tk_reply_begin(&t, buf);
    tk_reply_string(&t, "ref", a->name);
    tk_reply_string(&t, "access_token", token);
    tk_reply_number(&t, "expires_in", info->expires_in);
    tk_reply_number(&t, "expires_at", a->pair.expires_unix);
    tk_reply_number(&t, "generation", info->generation);
    tk_reply_string(&t, "client_endpoint", a->info.client_endpoint);
    add_hosts(&t, a);
    tk_reply_string(&t, "scope", a->info.scope);
    tk_reply_string(&t, "user_id", a->info.user_id);
    tk_reply_string(&t, "member_id", a->info.member_id);
    tk_reply_bool(&t, "short", info->is_short);
    tk_reply_send(client, &t);
    tk_journal_token(&c->journal, client->uid, client->pid, a->name);
}

static int exit_of(enum tk_err err)
{
    if (err == TK_E_NO_SUCH_REF)
        return TK_EXIT_NO_REF;
    if (err == TK_E_CLOCK_UNKNOWN || err == TK_E_TOO_SOON) /* the system will set its clock */
        return TK_EXIT_RETRY;
    return err == TK_E_NO_MEMORY ? TK_EXIT_INTERNAL : TK_EXIT_OPERATOR;
}

/* All that there is has the generation that the client rejected. */
static void reply_not_refreshed(struct tk_control *c, struct tk_control_client *client)
{
    enum tk_err err = tk_keeper_account(c->keeper, client->ref)->last_error;

    tk_reply_error(client, err == TK_OK ? TK_E_TRY_LATER : err, TK_EXIT_RETRY);
}

static void reply_too_soon(struct tk_control_client *client, uint32_t wait_s)
{
    char buf[TK_WORDS_MAX + 32];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "retry_in=");
    tk_text_int(&t, wait_s);
    tk_text_char(&t, ' ');
    tk_words_add(&t, TK_E_TOO_SOON);
    tk_reply_words(client, tk_err_code(TK_E_TOO_SOON), buf, TK_EXIT_RETRY);
}

void tk_request_step(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    bool last = now_ms >= client->deadline_ms;
    enum tk_token_answer answer =
        tk_token_get(c->keeper, client->ref, client->min_valid_s, token, sizeof token, &info);

    if (answer == TK_TOKEN_WAIT && !last &&
        (client->state == TK_CLIENT_WAITING || tk_control_has_place(c, client))) {
        client->state = TK_CLIENT_WAITING;
        return;
    }
    if (answer == TK_TOKEN_WAIT)
        answer = tk_token_get_last(c->keeper, client->ref, client->min_valid_s, token, sizeof token,
                                   &info);
    if (answer == TK_TOKEN_VALUE && info.generation == client->rejected)
        reply_not_refreshed(c, client);
    else if (answer == TK_TOKEN_VALUE)
        reply_token(c, client, token, &info);
    else if (answer == TK_TOKEN_REFUSED)
        tk_reply_error(client, info.err, exit_of(info.err));
    else
        tk_reply_error(client, info.err == TK_OK ? TK_E_TRY_LATER : info.err, TK_EXIT_RETRY);
    client->state = TK_CLIENT_READING;
    tk_wipe(token, sizeof token);
}

/* Puts the name of the account in place of "", the first one: while the client waits, that may
 * become another. */
static void name_account(const struct tk_control *c, struct tk_control_client *client)
{
    const struct tk_account *a = tk_keeper_account(c->keeper, client->ref);

    if (a != NULL)
        (void)tk_copy(client->ref, sizeof client->ref, a->name);
}

static void run_get(struct tk_control *c, struct tk_control_client *client, const struct fields *f,
                    uint64_t now_ms)
{
    if (!tk_copy(client->ref, sizeof client->ref, f->ref == NULL ? "" : f->ref)) {
        tk_reply_error(client, TK_E_NO_SUCH_REF, TK_EXIT_NO_REF);
        return;
    }
    name_account(c, client);
    if (!client->is_admin && !tk_access_may_get(c->access, client->rights, client->ref)) {
        tk_journal_refusal(&c->journal, client->uid, client->pid, "get", now_ms);
        tk_reply_words(client, "not_allowed", NOT_ALLOWED, TK_EXIT_OPERATOR);
        return;
    }
    client->min_valid_s = f->min_valid == NONE ? TK_MIN_VALID_DEFAULT : (uint32_t)f->min_valid;
    client->deadline_ms =
        now_ms + 1000 * (uint64_t)(f->timeout == NONE ? GET_TIMEOUT_S : f->timeout);
    client->rejected = f->rejected > 0 ? (uint32_t)f->rejected : 0;
    uint32_t wait_s = tk_token_rejected(c->keeper, client->ref, client->rejected);

    if (wait_s > 0) {
        reply_too_soon(client, wait_s);
        return;
    }
    tk_request_step(c, client, now_ms);
}

/* --- console --- */

static void run_console(struct tk_control *c, struct tk_control_client *client,
                        const struct fields *f, uint64_t now_ms)
{
    client->asks_pin = f->ask_pin == 1;
    if (!tk_consoles_take(c, client, now_ms))
        tk_reply_words(client, "busy", "all consoles are in use; try again when one has ended",
                       TK_EXIT_RETRY);
}

/* --- added roots --- */

static void run_root(struct tk_control *c, struct tk_control_client *client, const struct fields *f,
                     uint64_t now_ms)
{
    unsigned index = f->index == NONE ? 0 : (unsigned)f->index;
    char buf[TK_REPLY_SIZE], base64[4 * (TK_CA_MAX / 3 + 1) + 1];
    uint8_t der[TK_CA_MAX];
    struct tk_text t;
    size_t written = 0;
    int len =
        tk_storage_get(&c->keeper->rt.storage, (uint16_t)(TK_KEY_CA_ROOT + index), der, sizeof der);

    (void)now_ms;
    if (len < 0 && len != TK_STORE_MISSING) {
        tk_reply_error(client, TK_E_STORAGE_FAILED, TK_EXIT_INTERNAL);
        return;
    }
    (void)mbedtls_base64_encode((unsigned char *)base64, sizeof base64, &written, der,
                                len > 0 ? (size_t)len : 0);
    base64[written] = '\0';
    tk_reply_begin(&t, buf);
    tk_reply_string(&t, "der", base64);
    tk_reply_send(client, &t);
}

/* --- events and calls --- */

static void run_events(struct tk_control *c, struct tk_control_client *client,
                       const struct fields *f, uint64_t now_ms)
{
    (void)f;
    (void)now_ms;
    tk_events_subscribe(c, client);
}

static void run_call(struct tk_control *c, struct tk_control_client *client, const struct fields *f,
                     uint64_t now_ms)
{
    struct tk_call_fields call = {.ref = f->ref,
                                  .method = f->method,
                                  .length = f->length,
                                  .reads = f->reads,
                                  .wait = f->wait,
                                  .timeout = f->timeout};

    tk_call_service_begin(c, client, &call, now_ms);
}

/* --- a request --- */

static const struct request {
    const char *op;
    bool is_for_admins;
    unsigned takes; /* members beside op */
    void (*run)(struct tk_control *c, struct tk_control_client *client, const struct fields *f,
                uint64_t now_ms);
} requests[] = {{"get", false, REF | MIN_VALID | REJECTED | TIMEOUT, run_get},
                {"call", false, REF | METHOD | LENGTH | READS | WAIT | TIMEOUT, run_call},
                {"console", true, ASK_PIN, run_console},
                {"root", true, INDEX, run_root},
                {"events", true, 0, run_events}};

static const struct request *find(const char *op)
{
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (strcmp(requests[i].op, op) == 0)
            return &requests[i];
    }
    return NULL;
}

/* Whether the client may ask that at its socket. Which account it may get is checked with it. */
static bool may_ask(struct tk_control *c, struct tk_control_client *client, const struct request *r,
                    uint64_t now_ms)
{
    char words[96];

    if (client->is_admin || !r->is_for_admins)
        return true;
    snprintf(words, sizeof words, "'%s' is for administrators, at their own socket", r->op);
    tk_journal_refusal(&c->journal, client->uid, client->pid, r->op, now_ms);
    tk_reply_words(client, "not_allowed", words, TK_EXIT_OPERATOR);
    return false;
}

static const struct request *request_of(struct tk_control_client *client, struct tk_json *j)
{
    int value = tk_json_member(j, 0, "op");
    const struct request *r;
    const char *op;

    if (value == TK_JSON_NONE) {
        tk_reply_words(client, "unknown_op", "op is missing", TK_EXIT_USAGE);
        return NULL;
    }
    if (!take_text(client, j, value, "op", &op))
        return NULL;
    r = find(op);
    if (r == NULL)
        refuse(client, "unknown_op", "'%.40s' is not a request of this service", op, 0);
    return r;
}

void tk_request_run(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    struct fields f = {.min_valid = NONE,
                       .rejected = NONE,
                       .timeout = NONE,
                       .index = NONE,
                       .ask_pin = NONE,
                       .length = NONE,
                       .reads = NONE,
                       .wait = NONE};
    const struct request *r;
    struct parsed p;

    if (!parse(&p, client)) {
        tk_reply_words(client, "not_json", "a request is one JSON object on a line", TK_EXIT_USAGE);
        return;
    }
    r = request_of(client, &p.json);
    if (r == NULL || !may_ask(c, client, r, now_ms))
        return;
    client->is_call = r->run == run_call;
    if (take_members(client, &p.json, r->takes, &f))
        r->run(c, client, &f, now_ms);
    else
        client->is_lost |= client->is_call; /* where the next request begins is unknown */
    client->is_call = false;
}
