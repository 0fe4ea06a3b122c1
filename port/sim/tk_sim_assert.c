/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_device.h"

#include <stdio.h>
#include <stdlib.h>

void tk_assert_failed(void)
{
    fputs("assertion failed\n", stderr);
    abort();
}
