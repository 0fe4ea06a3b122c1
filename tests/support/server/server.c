/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "server_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 */
uint64_t server_random(uint64_t *state, uint64_t limit)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return limit == 0 ? x : x % limit;
}

int64_t server_now(const struct server *s)
{
    return s->unix_ms + (int64_t)s->port->now_ms;
}

static bool is_head(const struct server_talk *t)
{
    return strncmp(t->request, "HEAD ", 5) == 0;
}

static void note_request(struct server *s, struct server_talk *t, const char *body)
{
    t->asked = true;
    s->requests++;
    s->last_ms = s->port->now_ms;
    s->last_host = s->hosts[t->host].name;
    if (is_head(t))
        s->heads++;
    else if (server_role(t) == SERVER_OAUTH)
        server_note_grant(t, body);
    else if (server_role(t) == SERVER_WEBHOOK)
        server_note_post(s, body);
}

/* --- answers by the rules --- */

static void answer_grant(struct server *s, struct server_answer *out, const char *form)
{
    struct rules_answer a = rules_token(&s->rules, form, server_now(s));

    s->grant.pair = a.pair;
    s->grant.error = a.error;
    s->grant.intact = true;
    if (a.error != NULL) {
        server_put_refusal(s, out, &a);
        return;
    }
    s->pairs++;
    s->refreshes += s->grant.is_refresh;
    s->exchanges += !s->grant.is_refresh;
    server_put_pair(s, out, a.pair);
}

static bool redirect(const struct server *s, struct server_answer *out)
{
    for (size_t i = 0; i < SERVER_REDIRECTS && s->redirects[i].host != NULL; i++) {
        const char *location = s->redirects[i].location;
        char field[300] = "";

        if (strcmp(s->redirects[i].host, s->last_host) != 0)
            continue;
        if (location != NULL)
            snprintf(field, sizeof field, "Location: %s\r\n", location);
        int status = s->redirects[i].status;

        server_put(s, out, status == 0 ? 302 : status, field, "text/html", "<html>");
        return true;
    }
    return false;
}

static void put_profile(struct server *s, struct server_answer *out)
{
    char body[128];

    snprintf(body, sizeof body, "{\"result\":{\"ID\":\"%s\",\"ADMIN\":true}}",
             s->profile == NULL ? "" : s->profile);
    server_put_json(s, out, 200, body);
}

/* {"auth":"<token>"... as a form. */
static void read_auth(const char *body, char *form, size_t size)
{
    static const char auth[] = "{\"auth\":\"";
    const char *token = body + strlen(auth);

    if (strncmp(body, auth, strlen(auth)) == 0)
        snprintf(form, size, "auth=%.*s", (int)strcspn(token, "\""), token);
    else
        snprintf(form, size, "%s", body);
}

static void answer_rest(struct server *s, const struct server_talk *t, struct server_answer *out,
                        const char *body)
{
    char form[SERVER_REQUEST];
    struct rules_answer a;

    if (redirect(s, out))
        return;
    s->checks++;
    read_auth(body, form, sizeof form);
    a = s->rest_error != NULL ? rules_refusal(s->rest_error, NULL)
                              : rules_check(&s->rules, form, server_now(s));
    if (a.error != NULL)
        server_put_refusal(s, out, &a);
    else if (s->on_call != NULL && strstr(t->request, " /rest/app.info ") == NULL)
        server_put_json(s, out, 200, s->on_call(s, t->request, body));
    else if (strncmp(t->request, "POST /rest/profile ", 19) == 0)
        put_profile(s, out);
    else
        server_put_json(s, out, 200, "{\"result\":{\"ID\":5,\"INSTALLED\":true}}");
}

/* A task is answered as Corezoid does. */
static void answer_post(struct server *s, struct server_answer *out, const char *body)
{
    bool is_task = strncmp(body, "{\"ops\":", 7) == 0;

    if (server_is_task(body)) {
        server_answer_task(s, out, body);
        return;
    }
    s->posts++;
    s->post.done = true;
    server_put_json(s, out, 200,
                    is_task ? "{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}" : "{}");
}

static void carry_out(struct server *s, const struct server_talk *t, struct server_answer *out,
                      const char *body)
{
    if (is_head(t)) {
        server_put(s, out, 405, "", "text/html", "");
    } else if (server_role(t) == SERVER_OAUTH) {
        answer_grant(s, out, body);
    } else if (server_role(t) == SERVER_PORTAL) {
        answer_rest(s, t, out, body);
    } else {
        answer_post(s, out, body);
    }
}

static void refuse(struct server *s, const struct server_talk *t, struct server_answer *out,
                   const struct rules_answer *a)
{
    if (t->grant) {
        s->grant.error = a->error;
        s->grant.intact = true;
    }
    server_put_refusal(s, out, a);
}

/* --- answers with a fault --- */

static void put_nothing(struct server_answer *out)
{
    out->len = 0;
    out->status = 0;
}

static void put_garbage(struct server *s, struct server_answer *out)
{
    put_nothing(out);
    out->len = 200;
    for (size_t i = 0; i < out->len; i++)
        out->bytes[i] = (char)server_random(&s->random, 256);
}

/* Half of the body with a Content-Length that fits. */
static void truncate_body(const struct server *s, struct server_answer *out)
{
    char body[1024];
    const char *at = strstr(out->bytes, "\r\n\r\n");

    snprintf(body, sizeof body, "%.*s", (int)(strlen(at + 4) / 2), at + 4);
    server_put_json(s, out, 200, body);
}

static void spoil(struct server *s, const struct server_talk *t, struct server_answer *out)
{
    const struct server_fault *x = &s->faults[t->host];

    if (t->grant) {
        s->grant.intact = false;
        s->grant.error = NULL;
    }
    if (x->kind == SERVER_STATUS)
        server_put(s, out, x->status, x->fields != NULL ? x->fields : "",
                   x->type != NULL ? x->type : "text/html; charset=UTF-8", x->body);
    else if (x->kind == SERVER_TRUNCATES)
        truncate_body(s, out);
    else if (x->kind == SERVER_GARBAGE)
        put_garbage(s, out);
    else
        put_nothing(out);
}

static bool leaves_answer(const struct server_fault *x)
{
    return x->kind == SERVER_SLOW || x->kind == SERVER_FLOW;
}

static bool is_carried_out(const struct server_fault *x)
{
    return x->kind == SERVER_LOSES || x->kind == SERVER_TRUNCATES || leaves_answer(x) ||
           (x->kind == SERVER_STATUS && x->done);
}

static void answer_with_error(struct server *s, const struct server_talk *t,
                              struct server_answer *out)
{
    const struct server_fault *x = &s->faults[t->host];
    struct rules_answer a = {.status = x->status, .error = x->error};

    if (x->status == 0)
        a = rules_refusal(x->error, NULL);
    refuse(s, t, out, &a);
}

static void answer_with_fault(struct server *s, const struct server_talk *t,
                              struct server_answer *out, const char *body)
{
    const struct server_fault *x = &s->faults[t->host];

    s->faulty++;
    if (x->kind == SERVER_ERROR) {
        answer_with_error(s, t, out);
        return;
    }
    if (is_carried_out(x))
        carry_out(s, t, out, body);
    if (!leaves_answer(x))
        spoil(s, t, out);
}

static void end_with_fault(const struct server_fault *x, struct tk_sim_link *link)
{
    if (x->kind == SERVER_LOSES && x->reset)
        tk_sim_reset(link);
    else if (x->kind == SERVER_LOSES || x->kind == SERVER_CLOSES || x->kind == SERVER_GARBAGE)
        tk_sim_fin(link);
}

/* --- requests --- */

static bool is_drawn(struct server *s, const struct server_fault *x)
{
    return x->odds == 0 || server_random(&s->random, 100) < x->odds;
}

static bool meets_fault(struct server *s, const struct server_talk *t)
{
    const struct server_fault *x = &s->faults[t->host];

    switch (x->kind) {
    case SERVER_WELL:
    case SERVER_NO_NAME:
    case SERVER_NAME_TIMEOUT:
    case SERVER_HANDSHAKE:
        return false; /* the connection is open */
    case SERVER_FLOW:
        return t->flows;
    default:
        return is_drawn(s, x);
    }
}

static bool is_limited(struct server *s)
{
    struct server_bucket *b = s->bucket;

    if (b == NULL)
        return false;
    if (server_now(s) > b->at_ms) { /* clocks of gateways that share it differ */
        b->level -= (double)(server_now(s) - b->at_ms) * 2 / 1000;
        b->at_ms = server_now(s);
    }
    b->level = b->level < 0 ? 0 : b->level;
    if (b->level + 1 > 50) {
        b->overflows++;
        return true;
    }
    b->level++;
    return false;
}

static void give(struct server_talk *t, struct tk_sim_link *link, uint64_t wait_ms,
                 const struct server_answer *out)
{
    t->given += out->len;
    t->ends = t->given;
    t->status = out->status;
    tk_sim_reply_at(link, t->server->port->now_ms + wait_ms, out->bytes, out->len);
}

static void answer(struct server_talk *t, struct tk_sim_link *link, const char *body)
{
    struct server *s = t->server;
    const struct server_fault *x = &s->faults[t->host];
    uint64_t wait_ms = link->peer->reply_ms + s->think_ms;
    bool faulty = meets_fault(s, t);
    struct server_answer out;

    if (is_limited(s)) {
        struct rules_answer a = rules_refusal("QUERY_LIMIT_EXCEEDED", NULL);

        refuse(s, t, &out, &a);
    } else if (faulty) {
        answer_with_fault(s, t, &out, body);
    } else {
        carry_out(s, t, &out, body);
    }
    wait_ms += faulty && x->kind == SERVER_SLOW ? x->ms : 0;
    give(t, link, wait_ms, &out);
    if (faulty)
        end_with_fault(x, link);
}

/* The body of a whole request; else NULL. */
static const char *whole_body(const struct server_talk *t)
{
    const char *end = strstr(t->request, "\r\n\r\n");

    if (end != NULL && is_head(t))
        return end + 4;
    const char *length = end == NULL ? NULL : strstr(t->request, "Content-Length:");

    if (length == NULL || strlen(end + 4) < (size_t)atoi(length + strlen("Content-Length:")))
        return NULL;
    return end + 4;
}

/* --- connections --- */

static struct server_talk *talk_of(const struct tk_sim_link *link)
{
    struct server *s = link->peer->ctx;

    return &s->talks[link - link->port->links];
}

/* At another place in the bytes for each connection. */
static struct tk_sim_flow draw_flow(struct server *s, const struct tk_sim_flow *flow)
{
    struct tk_sim_flow drawn = *flow;

    drawn.after = server_random(&s->random, flow->after + 1);
    return drawn;
}

static void set_flow(struct server *s, struct server_talk *t, const struct server_fault *x)
{
    struct tk_sim_peer *peer = &s->peers[t->host];

    peer->up = peer->down = (struct tk_sim_flow){.at_most = 0};
    t->flows = x->kind == SERVER_FLOW && is_drawn(s, x);
    if (!t->flows)
        return;
    peer->up = x->exact ? x->up : draw_flow(s, &x->up);
    peer->down = x->exact ? x->down : draw_flow(s, &x->down);
}

static void accepted(struct tk_sim_link *link)
{
    struct server *s = link->peer->ctx;
    struct server_talk *t = talk_of(link);
    uint8_t hello = TK_OK;

    memset(t, 0, offsetof(struct server_talk, request));
    t->server = s;
    t->host = (unsigned)(link->peer - s->peers);
    t->given = 1;
    const struct server_fault *x = &s->faults[t->host];

    if (server_role(t) == SERVER_WEBHOOK)
        s->post = (struct server_post){.level = 0};
    set_flow(s, t, x);
    if (x->kind == SERVER_HANDSHAKE && is_drawn(s, x))
        hello = (uint8_t)x->handshake;
    else if (s->on_handshake != NULL)
        hello = (uint8_t)s->on_handshake(s, t->host);
    tk_sim_reply(link, &hello, 1);
}

static void received(struct tk_sim_link *link, const uint8_t *data, size_t len)
{
    struct server_talk *t = talk_of(link);
    struct server *s = t->server;

    if (len >= sizeof t->request - t->len)
        abort(); /* no request of a gateway is that long */
    memcpy(t->request + t->len, data, len);
    t->len += len;
    t->request[t->len] = '\0';
    const char *body = whole_body(t);

    if (body == NULL)
        return;
    if (t->asked)
        server_end_request(t, link);
    t->len = 0;
    note_request(s, t, body);
    answer(t, link, body);
    if (s->on_request != NULL)
        s->on_request(s, t->host, t->request);
}

static void closed(struct tk_sim_link *link)
{
    server_end_request(talk_of(link), link);
}

/* --- */

void server_init(struct server *s, struct tk_port *port, const struct server_host *hosts,
                 unsigned count, uint64_t seed, int64_t unix_ms)
{
    if (count > SERVER_HOSTS)
        abort();
    memset(s, 0, sizeof *s);
    s->port = port;
    s->hosts = hosts;
    s->host_count = count;
    s->unix_ms = unix_ms;
    s->random = seed;
    s->last_host = "";
    rules_init(&s->rules, seed);
    for (unsigned i = 0; i < count; i++) {
        struct tk_addr addr = {4, {10, 0, 0, (uint8_t)(i + 1)}};

        s->addresses[i] = 1;
        s->names[i] = (struct tk_sim_name){.name = hosts[i].name, .count = 1, .addrs = {addr}};
        s->peers[i] = (struct tk_sim_peer){.addr = addr,
                                           .port = hosts[i].port,
                                           .accepted = accepted,
                                           .received = received,
                                           .closed = closed,
                                           .ctx = s};
        tk_sim_add_name(port, &s->names[i]);
        tk_sim_add_peer(port, &s->peers[i]);
    }
}

void server_free(struct server *s)
{
    rules_free(&s->rules);
}

unsigned server_hosts(const struct server *s, enum server_role role)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < s->host_count; i++)
        mask |= (unsigned)(s->hosts[i].role == role) << i;
    return mask;
}

void server_apply_way(struct server *s, unsigned host)
{
    enum server_fault_kind kind = s->faults[host].kind;
    struct tk_sim_peer *peer = &s->peers[host];

    s->names[host].count = kind != SERVER_NO_NAME ? s->addresses[host] : 0;
    s->names[host].after_ms = kind == SERVER_NAME_TIMEOUT ? TK_SIM_NEVER : s->latency_ms;
    peer->answer = kind == SERVER_REFUSES       ? TK_SIM_REFUSE
                   : kind == SERVER_UNREACHABLE ? TK_SIM_SILENT
                                                : TK_SIM_ACCEPT;
    if (kind != SERVER_FLOW) /* over, for open connections too */
        peer->up = peer->down = (struct tk_sim_flow){.at_most = 0};
}

static void set_one(struct server *s, unsigned host, const struct server_fault *x)
{
    if (s->hosts[host].role == SERVER_WEBHOOK && x->kind != SERVER_WELL)
        s->webhook_well_ms = UINT64_MAX;
    else if (s->hosts[host].role == SERVER_WEBHOOK && s->webhook_well_ms == UINT64_MAX)
        s->webhook_well_ms = s->port->now_ms;
    s->faults[host] = *x;
    server_apply_way(s, host);
}

void server_set_fault(struct server *s, unsigned hosts, const struct server_fault *fault)
{
    for (unsigned i = 0; i < s->host_count; i++) {
        if (hosts >> i & 1)
            set_one(s, i, fault);
    }
}

void server_set_latency(struct server *s, uint64_t ms)
{
    s->latency_ms = ms;
    for (unsigned i = 0; i < s->host_count; i++) {
        s->peers[i].connect_ms = s->peers[i].reply_ms = ms;
        server_apply_way(s, i);
    }
}
