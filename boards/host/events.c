/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include "host.h"
#include "reply.h"

#include <string.h>
#include <time.h>

enum { SUBSCRIBERS = TK_CONTROL_ADMINS / 2 }; /* so that consoles have places, too */

static bool is_subscriber(const struct tk_control_client *client)
{
    return client->state == TK_CLIENT_EVENTS && !client->is_lost;
}

void tk_events_subscribe(struct tk_control *c, struct tk_control_client *client)
{
    char buf[TK_REPLY_SIZE];
    struct tk_text t;
    size_t count = 0;

    for (size_t i = 0; i < TK_CONTROL_CLIENTS; i++)
        count += is_subscriber(&c->clients[i]);
    if (count == SUBSCRIBERS) {
        tk_reply_words(client, "busy", "too many programs get the events already", TK_EXIT_RETRY);
        return;
    }
    tk_reply_begin(&t, buf);
    tk_reply_send(client, &t);
    client->state = TK_CLIENT_EVENTS;
}

/* Adds a word `name=value`; one without `=` is the kind of event. */
static void add_word(struct tk_text *t, const char *word, size_t len)
{
    char buf[256];
    char *value;

    if (len >= sizeof buf)
        return;
    memcpy(buf, word, len);
    buf[len] = '\0';
    value = strchr(buf, '=');
    if (value == NULL) {
        tk_reply_string(t, "kind", buf);
        return;
    }
    *value = '\0';
    tk_reply_string(t, buf, value + 1);
}

void tk_events_send(struct tk_control *c, const char *event)
{
    char buf[2048];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "{\"time\":");
    tk_text_int(&t, (int64_t)time(NULL));
    while (*event != '\0') {
        size_t len = strcspn(event, " ");

        add_word(&t, event, len);
        event += len + strspn(event + len, " ");
    }
    for (size_t i = 0; i < TK_CONTROL_CLIENTS && tk_text_ok(&t); i++) {
        struct tk_text line = t;

        if (is_subscriber(&c->clients[i]))
            tk_reply_line(&c->clients[i], &line);
    }
}
