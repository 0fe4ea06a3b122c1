/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_bare_fault.h"
#include "tk_device.h"

void tk_assert_failed(void)
{
    tk_bare_asserted((uint32_t)(uintptr_t)__builtin_return_address(0));
}
