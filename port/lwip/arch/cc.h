/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_CC_H
#define TK_LWIP_CC_H

/* What lwIP asks of a compiler: C99 has all of it. Nothing is printed, so that there is no printf.
 */

#define LWIP_NO_CTYPE_H         1
#define LWIP_PLATFORM_DIAG(x)   ((void)0)
#define LWIP_PLATFORM_ASSERT(x) tk_lwip_assert(x)

void tk_lwip_assert(const char *what);

#endif
