/* SPDX-License-Identifier: Apache-2.0 */
#include "consoles.h"

#include "events.h"
#include "host.h"
#include "reply.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SILENT_MS = 1000 /* a console without input and output for so long gives way */ };

void tk_consoles_open(struct tk_control *c, struct tk_control_client *client)
{
    char buf[TK_REPLY_SIZE];
    struct tk_text t;

    tk_reply_begin(&t, buf);
    tk_reply_send(client, &t);
    tk_posix_watch(c->port, client->fd, 0);
    tk_posix_console_attach(c->port, client->line, client->fd, client->fd);
    client->state = TK_CLIENT_CONSOLE;
    tk_journal_console(client->uid, client->pid, client->line, "opened");
}

void tk_consoles_close(struct tk_control *c, const struct tk_control_client *client)
{
    tk_posix_console_detach(c->port, client->line);
    tk_journal_console(client->uid, client->pid, client->line, "closed");
}

static bool is_taken(const struct tk_control *c, unsigned line)
{
    for (size_t i = TK_CONTROL_CONSUMERS; i < TK_CONTROL_CLIENTS; i++) {
        if (c->clients[i].state == TK_CLIENT_OPENING && c->clients[i].line == line)
            return true;
    }
    return tk_posix_console_attached(c->port, line);
}

static bool has_closed(const struct tk_control *c, const struct tk_control_client *client)
{
    return client->state == TK_CLIENT_CONSOLE && !tk_posix_console_attached(c->port, client->line);
}

bool tk_consoles_is_due(const struct tk_control *c)
{
    for (size_t i = TK_CONTROL_CONSUMERS; i < TK_CONTROL_CLIENTS; i++) {
        if (has_closed(c, &c->clients[i]))
            return true;
    }
    return false;
}

void tk_consoles_end_closed(struct tk_control *c)
{
    for (size_t i = TK_CONTROL_CONSUMERS; i < TK_CONTROL_CLIENTS; i++) {
        if (has_closed(c, &c->clients[i]))
            tk_control_end(c, &c->clients[i]);
    }
}

/* The client with the console that has been silent for longest, and for long enough. */
static struct tk_control_client *silent_console(struct tk_control *c, uint64_t now_ms)
{
    struct tk_control_client *found = NULL;
    uint64_t oldest_ms = now_ms - SILENT_MS;

    for (size_t i = TK_CONTROL_CONSUMERS; i < TK_CONTROL_CLIENTS; i++) {
        struct tk_control_client *client = &c->clients[i];
        uint64_t active_ms = tk_posix_console_active(c->port, client->line);

        if (client->state != TK_CLIENT_CONSOLE || active_ms > oldest_ms)
            continue;
        oldest_ms = active_ms;
        found = client;
    }
    return found;
}

bool tk_consoles_take(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    static const char notice[] = "\r\nEVT console event=ended cause=another_console\r\n";

    for (client->line = 1; client->line < TK_CONSOLES; client->line++) {
        if (is_taken(c, client->line))
            continue;
        tk_consoles_open(c, client);
        return true;
    }
    struct tk_control_client *other = silent_console(c, now_ms);

    if (other == NULL)
        return false;
    client->line = other->line;
    client->state = TK_CLIENT_OPENING; /* until the keeper has seen that the line was detached */
    (void)!send(other->fd, notice, sizeof notice - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    tk_control_end(c, other);
    return true;
}

static const struct tk_control_client *client_at(const struct tk_control *c, unsigned console)
{
    for (size_t i = TK_CONTROL_CONSUMERS; i < TK_CONTROL_CLIENTS; i++) {
        if (c->clients[i].state == TK_CLIENT_CONSOLE && c->clients[i].line == console)
            return &c->clients[i];
    }
    return NULL;
}

bool tk_consoles_is_trusted(const struct tk_control *c, unsigned console)
{
    const struct tk_control_client *client = client_at(c, console);

    return client != NULL && !client->asks_pin;
}

void tk_consoles_report(struct tk_control *c, bool to_journal, unsigned console, const char *event,
                        const char *ref, const char *key)
{
    const struct tk_control_client *client = client_at(c, console);
    uid_t uid = client != NULL ? client->uid : getuid();
    pid_t pid = client != NULL ? client->pid : getpid();
    char text[256];

    snprintf(text, sizeof text, "security uid=%lu pid=%ld console=%u event=%s%s%s%s%s",
             (unsigned long)uid, (long)pid, console, event,
             ref == NULL ? "" : " ref=", ref == NULL ? "" : ref,
             key == NULL ? "" : " key=", key == NULL ? "" : key);
    if (to_journal)
        tk_host_message("%s", text);
    tk_events_send(c, text);
}
