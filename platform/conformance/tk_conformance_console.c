/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_console_io.h"

#include <string.h>

static const char *console_read(const suite *c)
{
    uint8_t buf[32];
    int n;

    for (int i = 0; i < 1000; i++) {
        memset(buf, GUARD, sizeof buf);
        n = tk_console_read(c->port, c->line, buf, 16);
        if (n > 16 || n < TK_CONSOLE_OVERRUN || !tk_suite_is_all(buf + 16, GUARD, 16))
            return TK_RULE("tk_console_read", "the number of bytes moved to buf");
        if (n == 0 || n == TK_CONSOLE_CLOSED)
            return NULL;
    }
    return TK_RULE("tk_console_read", "0 when there are none now");
}

static const char *console_write(const suite *c)
{
    uint64_t deadline_ms = tk_suite_now(c) + NETWORK_MS;
    const char *at = c->text;

    while (*at != '\0') {
        size_t left = strlen(at);
        int n = tk_console_write(c->port, c->line, at, left);

        if (n == TK_CONSOLE_CLOSED)
            return NULL;
        if (n < 0 || (size_t)n > left)
            return TK_RULE("tk_console_write", "the number of bytes taken");
        if (n == 0 && !tk_suite_wait_step(c, deadline_ms))
            return TK_RULE("tk_console_write", "0 when there is no room now");
        at += n;
    }
    return NULL;
}

void tk_suite_console(struct tk_suite_tally *t)
{
    static const struct tk_suite_check checks[] = {
        {"console.read", console_read},
        {"console.write", console_write},
    };

    TK_SUITE_RUN(t, checks, t->c->text == NULL ? "the console is in use" : NULL);
}
