/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

static void unlock(struct tk_console *c, char *pin)
{
    if (tk_console_unlock(c, pin))
        tk_console_ok(c, NULL);
}

void tk_command_pin(struct tk_console *c, char *args)
{
    if (*args != '\0')
        unlock(c, args);
    else if (tk_console_is_program(c))
        tk_console_err(c, TK_E_NEED_VALUE);
    else
        tk_console_ask(c, "console_pin", unlock);
}
