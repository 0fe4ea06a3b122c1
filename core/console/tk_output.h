/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_OUTPUT_H
#define TK_OUTPUT_H

/*
 * The output of a console line, in two queues: bytes of answers, prompts and echo, and asynchronous
 * lines (EVT and LOG), which wait until an answer has ended. Only tk_output_drain blocks.
 */

#include "tk_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port;

struct tk_output {
    struct tk_port *port;
    uint8_t number;      /* of the console line in tk_console_io.h */
    bool at_column_0;    /* the terminal's cursor, once buf is written */
    bool prompted;       /* a prompt is the last thing in buf */
    uint32_t lines;      /* line ends queued so far */
    size_t len;          /* of buf */
    size_t async_len;    /* of async */
    uint32_t async_lost; /* lines dropped since the last report of it */

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    char buf[TK_CONSOLE_OUT];
    char async[TK_CONSOLE_ASYNC]; /* lines, each NUL-terminated, oldest first */
};

/* port must outlive o. */
void tk_output_init(struct tk_output *o, struct tk_port *port, unsigned number);

/* Free bytes of the queue. */
size_t tk_output_room(const struct tk_output *o);

/* Whether the longest line of an answer (TK_ANSWER_MAX) fits. A command prints a line only then. */
bool tk_output_has_room(const struct tk_output *o);

/* Queues bytes. Bytes that do not fit are dropped whole. */
void tk_output_put(struct tk_output *o, const char *s, size_t len);
void tk_output_text(struct tk_output *o, const char *s);

/* Queues CRLF, unless the cursor is in column 0. */
void tk_output_new_line(struct tk_output *o);

/* Clears the line in which the cursor is, and puts it in column 0. */
void tk_output_clear_line(struct tk_output *o);

/* Queues s on a line of its own. */
void tk_output_line(struct tk_output *o, const char *s);

/* Queues the prompt on a line of its own, unless it is the last thing queued. */
void tk_output_prompt(struct tk_output *o);

/* Queues an EVT or LOG line until tk_output_flush_async. If the queue is full the line is dropped
 * and counted. */
void tk_output_async(struct tk_output *o, const char *line);

/* Moves the EVT and LOG lines to the output; call it between answers, in column 0 where a line is
 * being typed. A prompt that was the last thing queued is repeated after them. */
void tk_output_flush_async(struct tk_output *o);

/* Writes what the port accepts now. 0, or TK_CONSOLE_CLOSED. */
int tk_output_flush(struct tk_output *o);

/* Blocks until the port has accepted everything, at most 2 s. */
void tk_output_drain(struct tk_output *o);

#endif
