/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command_table.h"

#include "tk_command.h"

enum {
    NEEDS_ARGS = TK_COMMAND_NEEDS_ARGS,
    HIDES = TK_COMMAND_HIDES,
    SETS = TK_COMMAND_SETS,
    TAKES_OVER = TK_COMMAND_TAKES_OVER
};

static const struct tk_command commands[] = {
#define TK_COMMAND(name, form, flags, run, about) {name, form, flags, tk_command_##run},
#include "tk_commands.h"
#undef TK_COMMAND
};

const struct tk_command_table tk_command_table = {.commands = commands,
                                                  .count = sizeof commands / sizeof commands[0],
                                                  .setting_is_secret =
                                                      tk_command_setting_is_secret};
