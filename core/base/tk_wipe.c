/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_wipe.h"

#include <mbedtls/platform_util.h>

void tk_wipe(void *p, size_t len)
{
    mbedtls_platform_zeroize(p, len);
}
