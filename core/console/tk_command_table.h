/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COMMAND_TABLE_H
#define TK_COMMAND_TABLE_H

/* The commands of the product, in the order that `help` prints. */

#include "tk_dispatch.h"

extern const struct tk_command_table tk_command_table;

#endif
