/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_JOURNAL_H
#define TK_HOST_JOURNAL_H

/* What the service reports of its clients on stderr, with their uid and pid. Bounded: no client can
 * flood it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TK_JOURNAL_USERS = 64 };

struct tk_journal {
    size_t count;
    uid_t seen[TK_JOURNAL_USERS]; /* users that got a token since the start */
    uint64_t holdoff_until_ms;    /* tick: refusals are only counted until then */
    uint32_t refusals;            /* ... that were not reported */
};

/* A client got a token: reported once a user. */
void tk_journal_token(struct tk_journal *j, uid_t uid, pid_t pid, const char *ref);

/* A client was refused, what: one word. Reported every 10 s at most, with the number of others. */
void tk_journal_refusal(struct tk_journal *j, uid_t uid, pid_t pid, const char *what,
                        uint64_t now_ms);

/* A call that ended with an error. */
struct tk_journal_failure {
    uid_t uid;
    pid_t pid;
    const char *method, *error; /* a code */
    unsigned status;            /* HTTP; 0: no answer */
    uint64_t took_ms, bytes;    /* of the answer */
};

/* Reported like refusals. */
void tk_journal_call(struct tk_journal *j, const struct tk_journal_failure *f, uint64_t now_ms);

void tk_journal_console(uid_t uid, pid_t pid, unsigned line, const char *event);

#endif
