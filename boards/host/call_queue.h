/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_QUEUE_H
#define TK_CALL_QUEUE_H

/* Pieces of a call's answer that its client has not read yet. */

#include "reply.h"

enum {
    TK_CALL_QUEUE = 64 * 1024, /* bytes */
    TK_CALL_END = 4096,        /* of these for the second part, and what is around it */
    TK_CALL_END_MAX = TK_CALL_END - 4 * TK_PIECE_HEAD
};

/* Zero it. */
struct tk_call_queue {
    size_t at, end;
    char bytes[TK_CALL_QUEUE];
};

bool tk_call_queue_is_empty(const struct tk_call_queue *q);
void tk_call_queue_clear(struct tk_call_queue *q);

/* Bytes of the first part that fit in one more piece. */
size_t tk_call_queue_room(const struct tk_call_queue *q);

/* Adds a piece with its length, of tk_call_queue_room bytes at most, or one of the second part; len
 * 0: the end of a part. */
void tk_call_queue_piece(struct tk_call_queue *q, const char *bytes, size_t len);

/* Sends what the client takes without waiting. False: it is lost. */
bool tk_call_queue_flush(struct tk_call_queue *q, int fd);

#endif
