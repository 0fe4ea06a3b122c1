/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_SERVICE_H
#define TK_CALL_SERVICE_H

/*
 * The service's side of REST calls, as PROTOCOL.md says: a body of at most TK_CALL_BODY_MAX bytes
 * is read into memory, and the answer is passed on as the client reads it.
 *
 * TK_CALLS_OPEN calls are open at once. One user has at most as many as are left for others, so
 * that no one keeps the others out. A client that leaves ends its call only if that was not sent.
 */

#include "control.h"

/* What a line with "op":"call" has; -1: not given. */
struct tk_call_fields {
    const char *ref, *method; /* NULL: not given */
    int64_t length, reads, wait, timeout;
};

/* Answers the line, or puts the client into TK_CLIENT_CALLING. */
void tk_call_service_begin(struct tk_control *c, struct tk_control_client *client,
                           const struct tk_call_fields *f, uint64_t now_ms);

/* A step of a client in TK_CLIENT_CALLING or TK_CLIENT_SKIPPING. */
void tk_call_service_step(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms);

/* The poll events that it waits for; *next_ms: the tick of its next step, if that is sooner. */
short tk_call_service_events(const struct tk_control *c, const struct tk_control_client *client,
                             uint64_t now_ms, uint64_t *next_ms);

/* The client is about to be closed. */
void tk_call_service_leave(struct tk_control *c, struct tk_control_client *client);

/* True if tk_control_run must run again at once: an answer was queued, a call has ended, or it
 * waits for the portal's limit longer than its client will. */
bool tk_call_service_is_due(const struct tk_control *c, uint64_t now_ms);

/* Ends the calls of clients that have left, if they were not sent or are answered. */
void tk_call_service_run(struct tk_control *c);

/* Ends all calls. One that was sent has an unknown outcome. */
void tk_call_service_close(struct tk_control *c);

#endif
