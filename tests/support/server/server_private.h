/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PRIVATE_H
#define SERVER_PRIVATE_H

/* What the files of server.h share. */

#include "server.h"

/* --- server_answer.c: answers as HTTP --- */

struct server_answer {
    size_t len; /* 0: none */
    int status;
    char bytes[8192];
};

/* fields: more fields, each with its CRLF; "": none. */
void server_put(const struct server *s, struct server_answer *out, int status, const char *fields,
                const char *type, const char *body);
void server_put_json(const struct server *s, struct server_answer *out, int status,
                     const char *body);

/* An error with its description. */
void server_put_refusal(const struct server *s, struct server_answer *out,
                        const struct rules_answer *a);

void server_put_pair(const struct server *s, struct server_answer *out, uint32_t pair);

/* --- server.c --- */

/* Applies a fault on the way to a host. */
void server_apply_way(struct server *s, unsigned host);

/* --- server_task.c: the task of Corezoid --- */

/* Whether an operation is one on the task with the token, and not an alert. */
bool server_is_task(const char *body);
void server_answer_task(struct server *s, struct server_answer *out, const char *body);

/* --- server_log.c: what came, for the test --- */

static inline enum server_role server_role(const struct server_talk *t)
{
    return t->server->hosts[t->host].role;
}

void server_note_grant(struct server_talk *t, const char *form);
void server_note_post(struct server *s, const char *body);

/* The connection's newest request is over: the connection ends, or carries another one. */
void server_end_request(struct server_talk *t, const struct tk_sim_link *link);

#endif
