/* SPDX-License-Identifier: Apache-2.0 */
#include "call_queue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

bool tk_call_queue_is_empty(const struct tk_call_queue *q)
{
    return q->at == q->end;
}

void tk_call_queue_clear(struct tk_call_queue *q)
{
    q->at = q->end = 0;
}

size_t tk_call_queue_room(const struct tk_call_queue *q)
{
    size_t room = sizeof q->bytes - q->end, kept = TK_CALL_END + TK_PIECE_HEAD;
    size_t left = room > kept ? room - kept : 0;

    return left < TK_PIECE_MAX ? left : TK_PIECE_MAX;
}

static void add(struct tk_call_queue *q, const char *bytes, size_t len)
{
    memcpy(q->bytes + q->end, bytes, len);
    q->end += len;
}

void tk_call_queue_piece(struct tk_call_queue *q, const char *bytes, size_t len)
{
    char head[TK_PIECE_HEAD];
    struct tk_text t;

    tk_text_init(&t, head, sizeof head);
    tk_text_int(&t, (int64_t)len);
    tk_text_char(&t, '\n');
    add(q, head, t.len);
    add(q, bytes, len);
}

bool tk_call_queue_flush(struct tk_call_queue *q, int fd)
{
    while (q->at < q->end) {
        ssize_t n = send(fd, q->bytes + q->at, q->end - q->at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EINTR)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        q->at += n > 0 ? (size_t)n : 0;
    }
    tk_call_queue_clear(q);
    return true;
}
