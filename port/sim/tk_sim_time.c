/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_private.h"

enum { SHORT_MS = 10 };

uint64_t tk_clock_now_ms(struct tk_port *port)
{
    return port->now_ms;
}

enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    if (port->wall != TK_TIME_NONE)
        *unix_s = port->wall_unix + (int64_t)(port->now_ms / 1000);
    return port->wall;
}

void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality)
{
    port->set_quality = quality;
    port->set_unix_s = unix_s;
    if (port->on_set_unix != NULL)
        port->on_set_unix(unix_s);
}

int tk_clock_ntp_server(struct tk_port *port, const char *host)
{
    port->ntp = host;
    return port->system ? -1 : 0;
}

bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s)
{
    bool answered = port->ntp_answered;

    if (answered)
        *unix_s = port->ntp_unix;
    port->ntp_answered = false;
    return answered;
}

void tk_sim_set_wall(struct tk_port *port, enum tk_time_quality quality, int64_t unix_s)
{
    port->wall = quality;
    port->wall_unix = unix_s - (int64_t)(port->now_ms / 1000);
}

void tk_sim_add_alarm(struct tk_port *port, struct tk_sim_alarm *alarm)
{
    struct tk_sim_alarm **at = &port->alarms;

    while (*at != NULL && (*at)->at_ms <= alarm->at_ms)
        at = &(*at)->next;
    alarm->next = *at;
    *at = alarm;
}

static uint64_t next_event(const struct tk_port *port)
{
    uint64_t net = tk_sim_net_next(port);

    return port->alarms != NULL && port->alarms->at_ms < net ? port->alarms->at_ms : net;
}

/* Time never goes back, not even to an alarm that was added late. */
static void move_to(struct tk_port *port, uint64_t at_ms)
{
    if (at_ms > port->now_ms)
        port->now_ms = at_ms;
    tk_sim_net_settle(port);
    if (port->alarms != NULL && port->alarms->at_ms <= port->now_ms) {
        struct tk_sim_alarm *alarm = port->alarms;

        port->alarms = alarm->next;
        alarm->run(port, alarm);
    }
}

void tk_sim_advance(struct tk_port *port, uint64_t ms)
{
    uint64_t end_ms = port->now_ms + ms;

    while (next_event(port) <= end_ms)
        move_to(port, next_event(port));
    move_to(port, end_ms);
}

void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    struct tk_sim_wake wake = {false, false};

    tk_sim_console_check(port, &wake);
    tk_sim_net_check(port, &wake);
    if (wake.met || until_ms <= port->now_ms)
        return;
    if (wake.skipped && until_ms > port->now_ms + SHORT_MS)
        until_ms = port->now_ms + SHORT_MS;
    uint64_t next_ms = next_event(port);

    if (until_ms == UINT64_MAX && next_ms == TK_SIM_NEVER) {
        port->stuck++;
        return;
    }
    move_to(port, next_ms < until_ms ? next_ms : until_ms);
}
