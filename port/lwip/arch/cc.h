/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_CC_H
#define TK_LWIP_CC_H

/* lwIP's compiler settings: C99 has what it needs. It prints nothing, so that printf is not
 * linked. */

#define LWIP_NO_CTYPE_H         1
#define LWIP_PLATFORM_DIAG(x)   ((void)0)
#define LWIP_PLATFORM_ASSERT(x) tk_lwip_assert(x)

void tk_lwip_assert(const char *message);

#endif
