/* SPDX-License-Identifier: Apache-2.0 */
#include "control_host.h"

#include "control.h"
#include "events.h"
#include "host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct tk_control control;
static struct tk_access rules;
static char messages[8192];

/* Stands in for that of the program. */
void tk_host_message(const char *format, ...)
{
    size_t len = strlen(messages);
    va_list args;

    va_start(args, format);
    vsnprintf(messages + len, sizeof messages - len, format, args);
    va_end(args);
}

const char *control_messages(void)
{
    static char out[sizeof messages];

    strcpy(out, messages);
    messages[0] = '\0';
    return out;
}

void control_begin(struct tk_port *port, struct tk_keeper *keeper)
{
    memset(&rules, 0, sizeof rules);
    strcpy(rules.text, "user 1000 accounts=token get\n"
                       "user 1001 accounts=* call=crm.*\n"
                       "user 1002 accounts=other get\n");
    (void)tk_access_parse(&rules, "access");
    tk_control_init(&control, port, keeper, &rules);
}

void control_end(void)
{
    tk_control_close(&control);
}

static struct tk_control_client *free_client(bool is_admin)
{
    size_t first = is_admin ? TK_CONTROL_CONSUMERS : 0;
    size_t end = is_admin ? TK_CONTROL_CLIENTS : TK_CONTROL_CONSUMERS;

    for (size_t i = first; i < end; i++) {
        if (control.clients[i].state == TK_CLIENT_FREE)
            return &control.clients[i];
    }
    return NULL;
}

int control_connect(enum control_role role, uint64_t now_ms)
{
    bool is_admin = role == CONTROL_ADMIN;
    struct tk_control_client *client = free_client(is_admin);
    struct tk_peer peer = {.uid = is_admin ? 0 : 1000 + (uid_t)role};
    int fds[2];

    if (client == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
        return -1;
    *client = (struct tk_control_client){.state = TK_CLIENT_GREETING,
                                         .is_admin = is_admin,
                                         .may_read = true,
                                         .fd = fds[0],
                                         .uid = peer.uid,
                                         .pid = 1,
                                         .rights = tk_access_of(&rules, &peer),
                                         .since_ms = now_ms};
    return fds[1];
}

bool control_pass(uint64_t now_ms)
{
    (void)tk_control_run(&control, now_ms);
    return tk_control_is_due(&control, now_ms);
}

void control_event(const char *event)
{
    tk_events_send(&control, event);
}
