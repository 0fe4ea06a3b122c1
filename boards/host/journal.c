/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include "host.h"

enum { HOLDOFF_MS = 10 * 1000 };

void tk_journal_token(struct tk_journal *j, uid_t uid, pid_t pid, const char *ref)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->seen[i] == uid)
            return;
    }
    if (j->count == TK_JOURNAL_USERS)
        return;
    j->seen[j->count++] = uid;
    tk_host_message("uid=%lu pid=%ld got its first token since the start, ref=%s",
                    (unsigned long)uid, (long)pid, ref);
}

void tk_journal_refusal(struct tk_journal *j, uid_t uid, pid_t pid, const char *what,
                        uint64_t now_ms)
{
    if (now_ms < j->holdoff_until_ms) {
        j->refusals++;
        return;
    }
    if (j->refusals > 0)
        tk_host_message("%lu more refusals, not listed one by one", (unsigned long)j->refusals);
    tk_host_message("uid=%lu pid=%ld refused: %s", (unsigned long)uid, (long)pid, what);
    j->refusals = 0;
    j->holdoff_until_ms = now_ms + HOLDOFF_MS;
}

void tk_journal_console(uid_t uid, pid_t pid, unsigned line, const char *event)
{
    tk_host_message("uid=%lu pid=%ld console=%u %s", (unsigned long)uid, (long)pid, line, event);
}
