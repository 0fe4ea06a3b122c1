/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_RUN_H
#define TK_CONSOLE_RUN_H

/* A console line at work: reads lines, runs their commands, writes the output. */

#include "tk_console.h"

/* Reads, runs and writes what is possible now. Returns the tick at which it must run again even
 * without an event, or UINT64_MAX. */
uint64_t tk_console_run(struct tk_console *c, uint64_t now_ms);

/* Answers the command in progress: ERR cancelled. Writes what the port accepts now. */
void tk_console_end(struct tk_console *c);

#endif
