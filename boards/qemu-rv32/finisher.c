/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_riscv.h"
#include "virt.h"

void tk_riscv_reset(void)
{
    FINISHER = FINISHER_RESET;
}
