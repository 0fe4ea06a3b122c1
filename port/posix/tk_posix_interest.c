/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_posix_private.h"

void tk_posix_set_wanted(struct tk_posix_interest *interest, bool wanted)
{
    interest->wanted = wanted;
    interest->told = false;
}

/* Whether to wait for a thing. What ended the last tk_wait and was not looked at since is passed
 * over once, for a nap: a program that has something better to do, or forgot, neither spins nor
 * misses it. */
static bool wanted(struct tk_posix_wait_set *w, struct tk_posix_interest *interest)
{
    bool passed_over = interest->wanted && interest->told;

    w->nap = w->nap || passed_over;
    interest->told = false;
    return interest->wanted && !passed_over;
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
    interest->told = true;
    w->now = true;
}
