/* SPDX-License-Identifier: Apache-2.0 */
#include "server_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void server_note_grant(struct server_talk *t, const char *form)
{
    struct server *s = t->server;
    char grant[40], token[300];

    rules_field(form, "grant_type", grant, sizeof grant);
    rules_field(form, "refresh_token", token, sizeof token);
    t->grant = true;
    s->grants++;
    s->grant = (struct server_grant){.n = s->grants,
                                     .at_ms = s->port->now_ms,
                                     .is_refresh = strcmp(grant, "refresh_token") == 0,
                                     .token = rules_number(&s->rules, RULES_REFRESH, token)};
    s->grant_talk = t;
    t->refresh = s->grant.is_refresh;
    if (t->refresh && ++s->open_refreshes > s->most_refreshes)
        s->most_refreshes = s->open_refreshes;
}

/* The text behind a key of a JSON object that is ours. */
static const char *value_of(const char *body, const char *key)
{
    const char *at = strstr(body, key);

    return at == NULL ? "" : at + strlen(key);
}

static void copy_text(const char *from, char *out, size_t size)
{
    snprintf(out, size, "%.*s", (int)strcspn(from, "\""), from);
}

void server_note_post(struct server *s, const char *body)
{
    struct server_post *p = &s->post;

    *p = (struct server_post){.level = atoi(value_of(body, "\"level\":")),
                              .since = atoll(value_of(body, "\"since\":"))};
    p->raised = strncmp(value_of(body, "\"event\":\""), "raised\"", 7) == 0;
    copy_text(value_of(body, "\"ref\":\""), p->ref, sizeof p->ref);
    copy_text(value_of(body, "\"cause\":\""), p->cause, sizeof p->cause);
}

/* The answer decides whether the receiver has the message, also where it was carried out. */
static void end_post(struct server *s, const struct server_talk *t, bool received)
{
    struct server_post *p = &s->post;
    bool success = t->status >= 200 && t->status <= 299;

    p->status = t->status;
    p->taken = success || (p->done && (t->status == 0 || t->status >= 500));
    p->sure = received && t->status > 0 && t->status < 500;
    if (s->on_post != NULL)
        s->on_post(s);
}

static void end_grant(struct server *s, struct server_talk *t, bool received)
{
    s->open_refreshes -= t->refresh;
    if (!t->grant || s->grant_talk != t)
        return;
    s->grant.over = true;
    s->grant.received = s->grant.intact && received;
    s->grant_talk = NULL;
}

/* The connection's newest request is over. */
void server_end_request(struct server_talk *t, const struct tk_sim_link *link)
{
    bool received = t->asked && link->down.bytes >= t->ends;

    if (server_role(t) == SERVER_WEBHOOK)
        end_post(t->server, t, received);
    end_grant(t->server, t, received);
    t->asked = t->grant = t->refresh = false;
    t->status = 0;
}
