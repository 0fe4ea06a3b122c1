/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud.h"

#include "tk_text.h"
#include "tk_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CLOUD_HOSTS] = {"oauth.bitrix.info", "oauth.bitrix24.tech",
                                               "acme.bitrix24.com", "watch.example"};

/* splitmix64 */
uint64_t cloud_random(uint64_t *state, uint64_t limit)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return limit == 0 ? x : x % limit;
}

int64_t cloud_now(const struct cloud *c)
{
    return c->unix_ms + (int64_t)c->port->now_ms;
}

/* --- answers --- */

struct answer {
    char bytes[4096];
    size_t len;
    int status; /* 0: it is none */
};

static const char *phrase(int status)
{
    return status == 200 ? "OK" : "Fault";
}

static void put_two_digits(struct tk_text *t, unsigned n)
{
    tk_text_char(t, (char)('0' + n / 10));
    tk_text_char(t, (char)('0' + n % 10));
}

/* "Date" as RFC 9110 5.6.7 wants it, but for the day's name. */
static void put_date(struct tk_text *t, int64_t unix_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tk_calendar d;

    tk_calendar_from_unix(unix_s, &d);
    tk_text_add(t, "\r\nDate: Mon, ");
    put_two_digits(t, (unsigned)d.day);
    tk_text_char(t, ' ');
    tk_text_addn(t, months + 3 * (d.month - 1), 3);
    tk_text_char(t, ' ');
    tk_text_int(t, d.year);
    tk_text_char(t, ' ');
    put_two_digits(t, (unsigned)d.hour);
    tk_text_char(t, ':');
    put_two_digits(t, (unsigned)d.minute);
    tk_text_char(t, ':');
    put_two_digits(t, (unsigned)d.second);
    tk_text_add(t, " GMT");
}

static void put_answer(const struct cloud *c, struct answer *out, int status, const char *type,
                       const char *body)
{
    struct tk_text t;

    tk_text_init(&t, out->bytes, sizeof out->bytes);
    tk_text_add(&t, "HTTP/1.1 ");
    tk_text_int(&t, status);
    tk_text_char(&t, ' ');
    tk_text_add(&t, phrase(status));
    put_date(&t, cloud_now(c) / 1000);
    tk_text_add(&t, "\r\nContent-Type: ");
    tk_text_add(&t, type);
    tk_text_add(&t, "\r\nContent-Length: ");
    tk_text_int(&t, (int64_t)strlen(body));
    tk_text_add(&t, "\r\n\r\n");
    tk_text_add(&t, body);
    out->status = status;
    out->len = t.len;
}

static void put_json(const struct cloud *c, struct answer *out, int status, const char *body)
{
    put_answer(c, out, status, "application/json; charset=utf-8", body);
}

static void put_refusal(const struct cloud *c, struct answer *out, const struct rules_answer *a)
{
    char body[256];

    if (a->description != NULL)
        snprintf(body, sizeof body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", a->error,
                 a->description);
    else
        snprintf(body, sizeof body, "{\"error\":\"%s\"}", a->error);
    put_json(c, out, a->status, body);
}

/* The keys in the order of the real server, slashes escaped as PHP does. */
static void put_pair(const struct cloud *c, struct answer *out, uint32_t number)
{
    const struct rules *s = &c->rules;
    char access[RULES_TOKEN + 1], refresh[RULES_TOKEN + 1], body[1024];
    struct tk_text t;

    rules_text(s, RULES_ACCESS, number, access);
    rules_text(s, RULES_REFRESH, number, refresh);
    tk_text_init(&t, body, sizeof body);
    tk_text_add(&t, "{\"access_token\":\"");
    tk_text_add(&t, access);
    tk_text_add(&t, "\",\"expires\":");
    tk_text_int(&t, s->pairs[number].access_until / 1000);
    tk_text_add(&t, ",\"expires_in\":");
    tk_text_int(&t, s->access_life_s);
    tk_text_add(&t,
                ",\"scope\":\"crm,user\",\"domain\":\"oauth.bitrix.info\",\"server_endpoint\":"
                "\"https:\\/\\/oauth.bitrix.info\\/rest\\/\",\"status\":\"L\",\"client_endpoint\":"
                "\"https:\\/\\/acme.bitrix24.com\\/rest\\/\",\"member_id\":"
                "\"a223c6b3710f85df22e9377d6c4f7553\",\"user_id\":");
    tk_text_int(&t, s->user_id);
    tk_text_add(&t, ",\"refresh_token\":\"");
    tk_text_add(&t, refresh);
    tk_text_add(&t, "\"}");
    put_json(c, out, 200, body);
}

static void put_garbage(struct cloud *c, struct answer *out)
{
    *out = (struct answer){.len = 200};
    for (size_t i = 0; i < out->len; i++)
        out->bytes[i] = (char)cloud_random(&c->random, 256);
}

/* --- requests --- */

static bool is_limited(struct cloud *c)
{
    struct cloud_bucket *b = c->bucket;

    if (b == NULL)
        return false;
    if (cloud_now(c) > b->at_ms) { /* several clocks may be a little apart */
        b->level -= (double)(cloud_now(c) - b->at_ms) * 2 / 1000;
        b->at_ms = cloud_now(c);
    }
    b->level = b->level < 0 ? 0 : b->level;
    if (b->level + 1 > 50) {
        b->overflows++;
        return true;
    }
    b->level++;
    return false;
}

static void look_at_grant(struct cloud *c, struct cloud_talk *t, const char *form)
{
    char grant[40], token[300];

    rules_field(form, "grant_type", grant, sizeof grant);
    rules_field(form, "refresh_token", token, sizeof token);
    t->grant = true;
    c->grants++;
    c->last = (struct cloud_grant){.n = c->grants,
                                   .at_ms = c->port->now_ms,
                                   .is_refresh = strcmp(grant, "refresh_token") == 0,
                                   .token = rules_number(&c->rules, RULES_REFRESH, token)};
    c->last_talk = t;
    t->refresh = c->last.is_refresh;
    if (t->refresh && ++c->open_refreshes > c->most_refreshes)
        c->most_refreshes = c->open_refreshes;
}

static void answer_grant(struct cloud *c, struct answer *out, const char *form)
{
    struct rules_answer a = rules_token(&c->rules, form, cloud_now(c));

    c->last.pair = a.pair;
    c->last.error = a.error;
    c->last.intact = true;
    if (a.error != NULL) {
        put_refusal(c, out, &a);
        return;
    }
    c->pairs++;
    put_pair(c, out, a.pair);
}

/* What stands behind a key of a JSON object that is ours. */
static const char *value_of(const char *body, const char *key)
{
    const char *at = strstr(body, key);

    return at == NULL ? "" : at + strlen(key);
}

static void copy_text(const char *from, char *out, size_t size)
{
    snprintf(out, size, "%.*s", (int)strcspn(from, "\""), from);
}

static void look_at_post(struct cloud *c, const char *body)
{
    struct cloud_post *p = &c->post;

    p->raised = strncmp(value_of(body, "\"event\":\""), "raised\"", 7) == 0;
    p->level = atoi(value_of(body, "\"level\":"));
    p->since = atoll(value_of(body, "\"since\":"));
    copy_text(value_of(body, "\"ref\":\""), p->ref, sizeof p->ref);
    copy_text(value_of(body, "\"cause\":\""), p->cause, sizeof p->cause);
}

/* An answer that says that it is not taken is believed, also where it was carried out. */
static void end_post(struct cloud *c, const struct cloud_talk *t, bool received)
{
    struct cloud_post *p = &c->post;
    bool says_so = t->status >= 200 && t->status <= 299;

    p->status = t->status;
    p->taken = says_so || (p->done && (t->status == 0 || t->status >= 500));
    p->sure = received && t->status > 0 && t->status < 500;
    if (c->told != NULL)
        c->told(c);
}

static void carry_out(struct cloud *c, struct cloud_talk *t, struct answer *out)
{
    const char *body = strstr(t->request, "\r\n\r\n") + 4;

    if (t->host == CLOUD_SINK) {
        c->post.done = true;
        put_json(c, out, 200, "{}");
    } else if (t->host == CLOUD_PORTAL) {
        struct rules_answer a = rules_check(&c->rules, body, cloud_now(c));

        if (a.error != NULL)
            put_refusal(c, out, &a);
        else
            put_json(c, out, 200, "{\"result\":{\"ID\":5,\"INSTALLED\":true}}");
    } else {
        answer_grant(c, out, body);
    }
}

static void refuse(struct cloud *c, const struct cloud_talk *t, struct answer *out,
                   const char *error)
{
    struct rules_answer a = rules_refusal(error, NULL);

    if (t->grant) {
        c->last.error = error;
        c->last.intact = true;
    }
    put_refusal(c, out, &a);
}

/* Half of the body under its own length. */
static void truncate_body(const struct cloud *c, struct answer *out)
{
    char body[1024];
    const char *at = strstr(out->bytes, "\r\n\r\n");

    snprintf(body, sizeof body, "%.*s", (int)(strlen(at + 4) / 2), at + 4);
    put_json(c, out, 200, body);
}

static void spoil(struct cloud *c, const struct cloud_talk *t, struct answer *out)
{
    const struct cloud_trouble *x = &c->troubles[t->host];

    if (t->grant) {
        c->last.intact = false;
        c->last.error = NULL;
    }
    if (x->kind == CLOUD_STATUS)
        put_answer(c, out, x->status, "text/html; charset=UTF-8", x->body);
    else if (x->kind == CLOUD_TRUNCATES)
        truncate_body(c, out);
    else if (x->kind == CLOUD_GARBAGE)
        put_garbage(c, out);
    else
        *out = (struct answer){.len = 0};
}

static bool is_carried_out(const struct cloud_trouble *x)
{
    return x->kind == CLOUD_LOSES || x->kind == CLOUD_TRUNCATES || x->kind == CLOUD_SLOW ||
           x->kind == CLOUD_FLOW || (x->kind == CLOUD_STATUS && x->done);
}

static void answer_in_trouble(struct cloud *c, struct cloud_talk *t, struct answer *out)
{
    const struct cloud_trouble *x = &c->troubles[t->host];

    c->troubled++;
    if (x->kind == CLOUD_ERROR) {
        refuse(c, t, out, x->error);
        return;
    }
    if (is_carried_out(x))
        carry_out(c, t, out);
    if (x->kind != CLOUD_SLOW && x->kind != CLOUD_FLOW)
        spoil(c, t, out);
}

static void answer(struct cloud *c, struct cloud_talk *t, struct tk_sim_link *link)
{
    const struct cloud_trouble *x = &c->troubles[t->host];
    struct answer out = {.len = 0};
    uint64_t wait_ms = c->latency_ms + (t->troubled && x->kind == CLOUD_SLOW ? x->ms : 0);

    if (is_limited(c))
        refuse(c, t, &out, "QUERY_LIMIT_EXCEEDED");
    else if (t->troubled)
        answer_in_trouble(c, t, &out);
    else
        carry_out(c, t, &out);
    t->status = out.status;
    t->ends = link->down.moved + out.len;
    tk_sim_reply_at(link, c->port->now_ms + wait_ms, out.bytes, out.len);
    if (t->troubled && x->kind == CLOUD_LOSES && x->reset)
        tk_sim_reset(link);
    else if (t->troubled && (x->kind == CLOUD_LOSES || x->kind == CLOUD_GARBAGE))
        tk_sim_fin(link);
}

static bool is_whole(const struct cloud_talk *t)
{
    const char *end = strstr(t->request, "\r\n\r\n");
    const char *length = end == NULL ? NULL : strstr(t->request, "Content-Length:");

    return length != NULL && strlen(end + 4) >= (size_t)atoi(length + strlen("Content-Length:"));
}

/* --- connections --- */

static struct cloud_talk *talk_of(const struct tk_sim_link *link)
{
    struct cloud *c = link->peer->ctx;

    return &c->talks[link - link->port->links];
}

static enum cloud_host host_of(const struct tk_sim_link *link)
{
    const struct cloud *c = link->peer->ctx;

    return (enum cloud_host)(link->peer - c->peers);
}

/* Where in an exchange of bytes something happens is another place each time. */
static struct tk_sim_flow flow_here(struct cloud *c, const struct tk_sim_flow *flow)
{
    struct tk_sim_flow here = *flow;

    here.after = cloud_random(&c->random, flow->after + 1);
    return here;
}

static void accepted(struct tk_sim_link *link)
{
    struct cloud *c = link->peer->ctx;
    enum cloud_host host = host_of(link);
    const struct cloud_trouble *x = &c->troubles[host];
    struct tk_sim_peer *peer = &c->peers[host];
    struct cloud_talk *t = talk_of(link);
    uint8_t hello = TK_OK;

    *t = (struct cloud_talk){.cloud = c, .host = host};
    if (host == CLOUD_SINK)
        c->post = (struct cloud_post){.level = 0};
    t->troubled = x->kind != CLOUD_WELL && cloud_random(&c->random, 100) < x->odds;
    peer->up = peer->down = (struct tk_sim_flow){.at_most = 0};
    if (t->troubled && x->kind == CLOUD_FLOW) {
        peer->up = flow_here(c, &x->up);
        peer->down = flow_here(c, &x->down);
    }
    if (t->troubled && x->kind == CLOUD_HELLO)
        hello = (uint8_t)x->hello;
    tk_sim_reply(link, &hello, 1);
}

static void received(struct tk_sim_link *link, const uint8_t *data, size_t len)
{
    struct cloud_talk *t = talk_of(link);
    struct cloud *c = t->cloud;

    if (len >= sizeof t->request - t->len)
        abort(); /* no request of ours is that long */
    memcpy(t->request + t->len, data, len);
    t->len += len;
    t->request[t->len] = '\0';
    if (t->ends > 0 || !is_whole(t))
        return;
    c->requests++;
    const char *body = strstr(t->request, "\r\n\r\n") + 4;

    if (t->host == CLOUD_WEST || t->host == CLOUD_EAST)
        look_at_grant(c, t, body);
    else if (t->host == CLOUD_SINK)
        look_at_post(c, body);
    answer(c, t, link);
    if (t->grant && c->asked != NULL)
        c->asked(c);
}

static void closed(struct tk_sim_link *link)
{
    struct cloud_talk *t = talk_of(link);
    struct cloud *c = t->cloud;

    bool received = t->ends > 0 && link->down.moved >= t->ends;

    if (t->host == CLOUD_SINK)
        end_post(c, t, received);
    c->open_refreshes -= t->refresh;
    if (!t->grant || c->last_talk != t)
        return;
    c->last.over = true;
    c->last.received = c->last.intact && received;
    c->last_talk = NULL;
}

/* --- */

void cloud_init(struct cloud *c, struct tk_port *port, uint64_t seed, int64_t unix_ms)
{
    memset(c, 0, sizeof *c);
    c->port = port;
    c->unix_ms = unix_ms;
    c->random = seed;
    c->latency_ms = 40;
    rules_init(&c->rules, seed);
    for (uint8_t i = 0; i < CLOUD_HOSTS; i++) {
        struct tk_addr addr = {4, {10, 0, 0, (uint8_t)(i + 1)}};

        c->names[i] = (struct tk_sim_name){
            .name = names[i], .count = 1, .addrs = {addr}, .after_ms = c->latency_ms};
        c->peers[i] = (struct tk_sim_peer){.addr = addr,
                                           .port = 443,
                                           .connect_ms = c->latency_ms,
                                           .reply_ms = c->latency_ms,
                                           .accepted = accepted,
                                           .received = received,
                                           .closed = closed,
                                           .ctx = c};
        tk_sim_add_name(port, &c->names[i]);
        tk_sim_add_peer(port, &c->peers[i]);
    }
}

void cloud_free(struct cloud *c)
{
    rules_free(&c->rules);
}

static void set_one(struct cloud *c, int host, const struct cloud_trouble *x)
{
    if (host == CLOUD_SINK && (x->kind != CLOUD_WELL || c->sink_well_ms == UINT64_MAX))
        c->sink_well_ms = x->kind == CLOUD_WELL ? c->port->now_ms : UINT64_MAX;
    c->troubles[host] = *x;
    c->names[host].count = x->kind != CLOUD_NO_NAME;
    c->names[host].after_ms = x->kind == CLOUD_NO_ANSWER_TO_NAME ? TK_SIM_NEVER : c->latency_ms;
    c->peers[host].answer = x->kind == CLOUD_REFUSES  ? TK_SIM_REFUSE
                            : x->kind == CLOUD_SILENT ? TK_SIM_SILENT
                                                      : TK_SIM_ACCEPT;
    if (x->kind != CLOUD_FLOW) /* also for the connections that are open: the fault is over */
        c->peers[host].up = c->peers[host].down = (struct tk_sim_flow){.at_most = 0};
}

void cloud_set(struct cloud *c, unsigned hosts, const struct cloud_trouble *trouble)
{
    for (int i = 0; i < CLOUD_HOSTS; i++) {
        if (hosts >> i & 1)
            set_one(c, i, trouble);
    }
}
