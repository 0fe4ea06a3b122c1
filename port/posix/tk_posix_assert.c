/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_device.h"

#include <stdio.h>
#include <stdlib.h>

/* A core dump has the place; a supervisor restarts the program. */
void tk_assert_failed(void)
{
    fputs("assertion failed\n", stderr);
    abort();
}
