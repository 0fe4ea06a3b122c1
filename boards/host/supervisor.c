/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { US_PER_MS = 1000, SIGNS_PER_TIMEOUT = 3, PERIOD_MAX_MS = 60 * 1000 };

/* A path, or '@' and a name in Linux's abstract namespace. Returns 0 if it is neither. */
static socklen_t read_address(const char *text, struct sockaddr_un *to)
{
    size_t len = strlen(text);

    if ((text[0] != '/' && text[0] != '@') || len < 2 || len >= sizeof to->sun_path)
        return 0;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(to->sun_path, text, len);
    if (text[0] == '@')
        to->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* The watchdog may be meant for another process: sd_watchdog_enabled(3). */
static uint32_t read_period(const char *pid, const char *timeout_us)
{
    unsigned long long ms;

    if (timeout_us == NULL || (pid != NULL && strtoull(pid, NULL, 10) != (unsigned)getpid()))
        return 0;
    ms = strtoull(timeout_us, NULL, 10) / US_PER_MS / SIGNS_PER_TIMEOUT;
    return ms < PERIOD_MAX_MS ? (uint32_t)ms : PERIOD_MAX_MS;
}

void tk_supervisor_open(struct tk_supervisor *s)
{
    const char *address = getenv("NOTIFY_SOCKET");

    *s = (struct tk_supervisor){.fd = -1};
    if (address != NULL)
        s->to_len = read_address(address, &s->to);
    if (s->to_len > 0)
        s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd >= 0)
        s->period_ms = read_period(getenv("WATCHDOG_PID"), getenv("WATCHDOG_USEC"));
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

void tk_supervisor_close(struct tk_supervisor *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void tk_supervisor_report(const struct tk_supervisor *s, const char *assignment)
{
    if (s->fd >= 0)
        (void)sendto(s->fd, assignment, strlen(assignment), MSG_NOSIGNAL,
                     (const struct sockaddr *)&s->to, s->to_len);
}

uint64_t tk_supervisor_feed(struct tk_supervisor *s, uint64_t now_ms)
{
    if (s->fd < 0 || s->period_ms == 0)
        return UINT64_MAX;
    if (now_ms >= s->next_ms) {
        tk_supervisor_report(s, "WATCHDOG=1");
        s->next_ms = now_ms + s->period_ms;
    }
    return s->next_ms;
}
