/* SPDX-License-Identifier: Apache-2.0 */

/* For LD_PRELOAD: what the kernel says of its clock is in $TK_CLOCK: synchronized, unsynchronized,
 * or forbidden where a sandbox filters the question. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

int adjtimex(struct timex *state)
{
    const char *clock = getenv("TK_CLOCK");

    errno = EPERM;
    if (strcmp(clock, "forbidden") == 0)
        return -1;
    state->status = strcmp(clock, "synchronized") == 0 ? STA_PLL : STA_UNSYNC;
    return state->status == STA_PLL ? TIME_OK : TIME_ERROR;
}
