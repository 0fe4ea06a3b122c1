/* SPDX-License-Identifier: Apache-2.0 */
#include "protect.h"

#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

void tk_host_protect(const void *memory, size_t len)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    (void)mlock(memory, len);
}
