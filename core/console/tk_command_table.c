/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command_table.h"

#include "tk_action.h"
#include "tk_command.h"
#include "tk_setting_table.h"

enum {
    NEEDS_ARGS = TK_COMMAND_NEEDS_ARGS,
    SECRET = TK_COMMAND_SECRET,
    SETTING = TK_COMMAND_SETTING,
    GUARDED = TK_COMMAND_GUARDED,
    PREEMPTS = TK_COMMAND_PREEMPTS,
    SET_UP = 1 * TK_COMMAND_GROUP, /* in the order of tk_command_groups */
    AUTHORIZE = 2 * TK_COMMAND_GROUP,
    USE = 3 * TK_COMMAND_GROUP,
    ACCOUNTS = 4 * TK_COMMAND_GROUP,
    DEVICE = 5 * TK_COMMAND_GROUP,
    LEFT_OUT = 256,
    CALL = TK_CALL ? 0 : LEFT_OUT,
    REPORT = TK_REPORT ? 0 : LEFT_OUT
};

/* A command that is left out has a row without a name, since the strings are numbered by rows. */
#define IS_IN(flags) (((flags)&LEFT_OUT) == 0)

enum {
#define TK_COMMAND(name, usage, flags, run, help) ROW_##run,
#include "tk_commands.h"
#undef TK_COMMAND
};

static const struct tk_command commands[] = {
#define TK_COMMAND(name, usage, flags, run, help)                                                  \
    {IS_IN(flags) ? name "\0" usage : "\0", IS_IN(flags) ? (flags) & ~LEFT_OUT : 0,                \
     IS_IN(flags) ? tk_command_##run : NULL},
#include "tk_commands.h"
#undef TK_COMMAND
};

static bool is_guarded(const struct tk_command *command, const char *args)
{
    if (command->run == tk_command_set || command->run == tk_command_unset)
        return tk_setting_is_guarded(args);
    if (command->run == tk_command_auth_begin)
        return *args != '\0'; /* other_user */
    return (command->flags & TK_COMMAND_GUARDED) != 0;
}

const struct tk_command_table tk_command_table = {.commands = commands,
                                                  .count = sizeof commands / sizeof commands[0],
                                                  .address = &commands[ROW_auth_code],
                                                  .setting_is_secret = tk_setting_is_secret,
                                                  .is_guarded = is_guarded,
                                                  .take_line = tk_command_ca_pem,
                                                  .greet = tk_action_greet};
