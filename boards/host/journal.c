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

/* Whether one more line may be printed now. */
static bool may_report(struct tk_journal *j, uint64_t now_ms)
{
    if (now_ms < j->holdoff_until_ms) {
        j->refusals++;
        return false;
    }
    if (j->refusals > 0)
        tk_host_message("%lu more refusals, not listed one by one", (unsigned long)j->refusals);
    j->refusals = 0;
    j->holdoff_until_ms = now_ms + HOLDOFF_MS;
    return true;
}

void tk_journal_refusal(struct tk_journal *j, uid_t uid, pid_t pid, const char *what,
                        uint64_t now_ms)
{
    if (may_report(j, now_ms))
        tk_host_message("uid=%lu pid=%ld refused: %s", (unsigned long)uid, (long)pid, what);
}

void tk_journal_call(struct tk_journal *j, const struct tk_journal_failure *f, uint64_t now_ms)
{
    if (may_report(j, now_ms))
        tk_host_message("uid=%lu pid=%ld call=%s error=%s status=%u ms=%llu bytes=%llu",
                        (unsigned long)f->uid, (long)f->pid, f->method, f->error, f->status,
                        (unsigned long long)f->took_ms, (unsigned long long)f->bytes);
}

void tk_journal_console(uid_t uid, pid_t pid, unsigned line, const char *event)
{
    tk_host_message("uid=%lu pid=%ld console=%u %s", (unsigned long)uid, (long)pid, line, event);
}
