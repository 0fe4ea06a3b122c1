/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PROTECT_H
#define TK_PROTECT_H

#include <stddef.h>

/* Keeps the secrets of this process in its memory: no core dump, no ptrace and no /proc/PID/mem for
 * other processes of the user (PR_SET_DUMPABLE, prctl(2)), and memory[0..len) is not swapped where
 * RLIMIT_MEMLOCK allows. What the system refuses is left as it is. */
void tk_host_protect(const void *memory, size_t len);

#endif
