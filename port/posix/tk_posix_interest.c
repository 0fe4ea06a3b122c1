/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_posix_private.h"

void tk_posix_set_wanted(struct tk_posix_interest *interest, bool wanted)
{
    interest->wanted = wanted;
    interest->reported = false;
}

/* Whether to wait for a condition. One that ended the last tk_wait and was not used since is
 * skipped once, for a short sleep: a program that ignores it for now neither spins nor misses
 * it. */
static bool wanted(struct tk_posix_wait_set *w, struct tk_posix_interest *interest)
{
    bool skipped = interest->wanted && interest->reported;

    w->short_sleep = w->short_sleep || skipped;
    interest->reported = false;
    return interest->wanted && !skipped;
}

void tk_posix_wait_fd(struct tk_posix_wait_set *w, int fd, short events,
                      struct tk_posix_interest *interest)
{
    if (interest != NULL && !wanted(w, interest))
        return;
    w->interests[w->count] = interest;
    w->fds[w->count++] = (struct pollfd){.fd = fd, .events = events};
}

void tk_posix_wait_met(struct tk_posix_wait_set *w, struct tk_posix_interest *interest)
{
    if (!wanted(w, interest))
        return;
    interest->reported = true;
    w->met = true;
}
