/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_HELP_H
#define TK_HOST_HELP_H

/* What --help prints, at most 80 columns wide. */

#include <stdio.h>

void tk_help_print(FILE *out);

/* A line for each command. */
void tk_help_print_short(FILE *out);

/* The part of one command, which main.c knows. */
void tk_help_print_of(const char *name);

#endif
