/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#define UNLOCKED_MS 300000

bool tk_console_is_locked(const struct tk_console *c)
{
    const struct tk_config *config = c->env->rt->config;
    bool is_trusted = config->trusted_consoles > 0 && c->out.number >= config->trusted_consoles;

    return !is_trusted && tk_runtime_now(c->env->rt) >= c->unlocked_until_ms &&
           tk_pin_is_set(c->env->rt);
}

bool tk_console_unlock(struct tk_console *c, const char *pin)
{
    struct tk_runtime *rt = c->env->rt;
    uint32_t wait_s;
    enum tk_err err = tk_pin_check(c->env->pin, rt, pin, &wait_s);

    if (err == TK_OK) {
        c->unlocked_until_ms = tk_runtime_now(rt) + UNLOCKED_MS;
        return true;
    }
    if (err == TK_E_WRONG_PIN)
        tk_runtime_security(rt, TK_SECURITY_WRONG_PIN, TK_NO_ACCOUNT, NULL, NULL);
    tk_console_err_retry(c, err, wait_s);
    return false;
}

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
