/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_output.h"

#include "tk_clock.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_sock.h"
#include "tk_text.h"

#include <string.h>

#define PROMPT   "tk> "
#define DRAIN_MS 2000

void tk_output_init(struct tk_output *o, struct tk_port *port, unsigned number)
{
    *o = (struct tk_output){.port = port, .number = (uint8_t)number};
}

/* --- bytes and lines --- */

size_t tk_output_room(const struct tk_output *o)
{
    return sizeof o->buf - o->len;
}

bool tk_output_has_room(const struct tk_output *o)
{
    return tk_output_room(o) > TK_ANSWER_MAX;
}

void tk_output_put(struct tk_output *o, const char *s, size_t len)
{
    if (len == 0 || len > tk_output_room(o))
        return;
    o->lines += s[len - 1] == '\n';
    memcpy(o->buf + o->len, s, len);
    o->len += len;
    o->at_column_0 = s[len - 1] == '\n';
    o->prompted = false;
}

void tk_output_text(struct tk_output *o, const char *s)
{
    tk_output_put(o, s, strlen(s));
}

void tk_output_new_line(struct tk_output *o)
{
    if (!o->at_column_0)
        tk_output_text(o, "\r\n");
}

void tk_output_clear_line(struct tk_output *o)
{
    tk_output_text(o, "\r\x1b[K");
    o->at_column_0 = true;
}

void tk_output_line(struct tk_output *o, const char *s)
{
    tk_output_new_line(o);
    tk_output_text(o, s);
    tk_output_text(o, "\r\n");
}

void tk_output_prompt(struct tk_output *o)
{
    if (o->prompted)
        return;
    tk_output_new_line(o);
    tk_output_text(o, PROMPT);
    o->prompted = true;
}

int tk_output_flush(struct tk_output *o)
{
    while (o->len > 0) {
        int n = tk_console_write(o->port, o->number, o->buf, o->len);

        if (n <= 0)
            return n;
        o->len -= (size_t)n;
        memmove(o->buf, o->buf + n, o->len);
        tk_wipe(o->buf + o->len, (size_t)n); /* it may have been a token */
    }
    return 0;
}

void tk_output_drain(struct tk_output *o)
{
    uint64_t deadline_ms = tk_clock_now_ms(o->port) + DRAIN_MS;

    tk_output_flush(o);
    while (o->len > 0 && tk_clock_now_ms(o->port) < deadline_ms) {
        (void)tk_device_feed_watchdog(o->port);
        tk_wait(o->port, deadline_ms);
        tk_output_flush(o);
    }
}

/* --- EVT and LOG --- */

void tk_output_async(struct tk_output *o, const char *line)
{
    size_t size = strlen(line) + 1;

    if (size > sizeof o->async - o->async_len) {
        o->async_lost++;
        return;
    }
    memcpy(o->async + o->async_len, line, size);
    o->async_len += size;
}

static void report_lost(struct tk_output *o)
{
    char buf[40];
    struct tk_text t;

    if (o->async_lost == 0)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "LOG lines_lost=%u", (unsigned)o->async_lost);
    tk_output_line(o, buf);
    o->async_lost = 0;
}

void tk_output_flush_async(struct tk_output *o)
{
    bool prompted = o->prompted;

    if (o->async_len == 0)
        return;
    tk_output_flush(o); /* no event follows for what the port accepts now */
    while (o->async_len > 0 && tk_output_has_room(o)) {
        size_t size = strlen(o->async) + 1;

        tk_output_line(o, o->async);
        o->async_len -= size;
        memmove(o->async, o->async + size, o->async_len);
        if (o->async_len == 0)
            report_lost(o);
        tk_output_flush(o);
    }
    if (prompted)
        tk_output_prompt(o);
}
