/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_private.h"

/* Returns the line and clears `changed`; NULL if it is detached. */
static struct tk_sim_console *find(struct tk_port *port, unsigned line)
{
    if (line >= TK_SIM_CONSOLES)
        return NULL;
    port->consoles[line].changed = false;
    return port->consoles[line].attached ? &port->consoles[line] : NULL;
}

static size_t limit(const struct tk_sim_console *c, size_t len)
{
    return c->at_most != 0 && len > c->at_most ? c->at_most : len;
}

int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    struct tk_sim_console *c = find(port, line);

    if (c == NULL)
        return TK_CONSOLE_CLOSED;
    tk_sim_set_wanted(&c->read, true);
    if (c->overrun) {
        c->overrun = false;
        return TK_CONSOLE_OVERRUN;
    }
    return (int)tk_sim_take(&c->in, buf, limit(c, size));
}

int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    struct tk_sim_console *c = find(port, line);

    if (c == NULL)
        return TK_CONSOLE_CLOSED;
    size_t room = c->out.len < c->out_max ? c->out_max - c->out.len : 0;
    size_t n = c->full > 0 ? 0 : limit(c, len < room ? len : room);

    c->full -= c->full > 0;
    tk_sim_append(&c->out, data, n);
    tk_sim_set_wanted(&c->room, n < len);
    return (int)n;
}

/* A detached terminal is reported by the next read, so that read stays wanted. */
void tk_sim_console_check(struct tk_port *port, struct tk_sim_wake *wake)
{
    for (int i = 0; i < TK_SIM_CONSOLES; i++) {
        struct tk_sim_console *c = &port->consoles[i];

        tk_sim_check(wake, &c->read, c->in.len > 0 || c->overrun || c->changed);
        tk_sim_check(wake, &c->room, c->out.len < c->out_max);
    }
}

void tk_sim_console_attach(struct tk_port *port, unsigned line, bool attached)
{
    struct tk_sim_console *c = &port->consoles[line];

    c->attached = attached;
    c->changed = true;
    c->overrun = false;
    tk_sim_set_wanted(&c->read, true);
    tk_sim_set_wanted(&c->room, false);
    c->in.len = c->out.len = 0;
}

void tk_sim_console_feed(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    if (port->consoles[line].attached)
        tk_sim_append(&port->consoles[line].in, data, len);
}

size_t tk_sim_console_drain(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    return tk_sim_take(&port->consoles[line].out, buf, size);
}
