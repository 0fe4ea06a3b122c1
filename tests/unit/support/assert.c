/* SPDX-License-Identifier: Apache-2.0 */

/* A failed TK_ASSERT is a failure of the running test, or what its expect_assert_failure waits for.
 * Weak: a port that is tested may bring its own. */

#include "tk_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((weak)) void tk_assert_failed(void)
{
    mock_assert(0, "TK_ASSERT", __FILE__, __LINE__);
    abort(); /* mock_assert does not return */
}
