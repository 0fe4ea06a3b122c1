/* SPDX-License-Identifier: Apache-2.0 */
#include "told.h"

#include <stdio.h>
#include <string.h>

#define POST_MS 30000 /* no POST takes longer */

static const struct tk_escalation_record *record_of(const struct gate *g)
{
    return &g->keeper.escalator.of[0].record;
}

static bool is_escalated(const struct gate *g, int level)
{
    return level >= 3 || (level > 0 && level >= g->keeper.escalator.webhook.level);
}

/* --- what is heard --- */

static const char *raised(struct told *t, const struct gate *g, const struct cloud_post *p)
{
    const struct tk_escalation_record *r = record_of(g);
    bool same = strcmp(t->ref, p->ref) == 0;
    bool more = p->level == 4 && (t->level < 4 || strcmp(t->cause, p->cause) != 0);

    if (!same && t->up)
        return "another fault is told, and the end of the one before was not";
    if (same && !t->in_doubt && !(t->up && more) && !(t->news && (!t->up || p->level == 4)))
        return "the same is told twice";
    if (!is_escalated(g, p->level))
        return "it is told below escalate_level";
    if ((r->level > 0 || r->cleared) && r->since != p->since)
        return "the account's fault began at another time";
    t->raised++;
    t->up = true;
    t->level = p->level;
    t->news = false;
    strcpy(t->cause, p->cause);
    return NULL;
}

static const char *cleared(struct told *t, const struct gate *g, const struct cloud_post *p)
{
    bool same = strcmp(t->ref, p->ref) == 0;

    if (!same && t->up)
        return "the end of another fault is told";
    if (!same && !t->in_doubt)
        return "the end of a fault is told that nobody heard of";
    if (!t->up && !t->in_doubt)
        return "the end of a fault is told twice";
    if (p->level != t->level && !t->in_doubt)
        return "the end of another level is told";
    if (t->now.level > 0 && g->port.now_ms > t->rose_ms + POST_MS)
        return "the end of a fault is told that lasts";
    t->cleared++;
    t->up = false;
    return NULL;
}

static bool is_its_ref(const struct gate *g, const struct cloud_post *p)
{
    char ref[sizeof p->ref];

    snprintf(ref, sizeof ref, "%s-%s-%lld", g->port.id, g->keeper.accounts.of[0].name,
             (long long)p->since);
    return strcmp(ref, p->ref) == 0;
}

const char *told_heard(struct told *t, struct gate *g)
{
    const struct cloud_post *p = &g->cloud.post;
    const char *wrong = NULL;

    if (!p->taken && !g->keeper.escalator.of[0].request.sent)
        return NULL;
    if (p->taken && !is_its_ref(g, p))
        wrong = "the ref is not of this fault";
    else if (p->taken)
        wrong = p->raised ? raised(t, g, p) : cleared(t, g, p);
    if (p->taken)
        strcpy(t->ref, p->ref);
    t->in_doubt = t->in_doubt || !p->sure;
    t->refused = t->refused || (p->sure && !p->taken && p->raised);
    return wrong;
}

/* --- what should have been heard --- */

static void follow(struct told *t, const struct gate *g)
{
    const struct tk_escalation_record *r = record_of(g), before = t->now;

    t->posting = tk_https_active(&g->keeper.escalator.of[0].request);
    if (g->flash.fail_at != 0)
        t->flash_ms = g->port.now_ms;
    else if (g->port.now_ms > t->flash_ms + TOLD_FLASH_MS)
        t->unwritten = false;
    if (memcmp(&before, r, sizeof before) == 0)
        return;
    t->now = *r;
    t->unwritten = g->flash.fail_at != 0;
    if (r->level == before.level && r->cause == before.cause)
        return;
    t->changed_ms = g->port.now_ms;
    if (r->level > 0 && before.level == 0)
        t->rose_ms = g->port.now_ms;
    if (r->level > 0 && (before.level == 0 || (before.level == 4 && r->cause != before.cause)))
        t->news = true;
}

/* How long all that keeps it from being told, or changes it, is over. */
static uint64_t quiet_ms(const struct told *t, const struct gate *g)
{
    uint64_t well_ms = g->cloud.sink_well_ms;
    uint64_t from_ms = t->changed_ms > well_ms ? t->changed_ms : well_ms;

    return g->port.now_ms > from_ms ? g->port.now_ms - from_ms : 0;
}

static const char *overdue(const struct told *t, const struct gate *g)
{
    uint64_t ms = quiet_ms(t, g);
    int level = t->now.level;

    if (ms > TOLD_MS && level == 0 && t->up)
        return "the end of a fault is not told";
    if (ms <= TOLD_MS + TOLD_APART_MS || !is_escalated(g, level))
        return NULL;
    if (!t->up)
        return "a fault is not told";
    if (level == 4 &&
        (t->level < 4 || strcmp(t->cause, tk_err_code((enum tk_err)t->now.cause)) != 0))
        return "what a person must do is not told";
    return NULL;
}

const char *told_look(struct told *t, struct gate *g, bool time_good)
{
    follow(t, g);
    if (!time_good)
        t->changed_ms = g->port.now_ms;
    if (t->now.level == 0 && !t->now.cleared) {
        t->in_doubt = t->refused = false;
        if (t->up)
            return "a fault was told, and its end never will be";
    }
    return overdue(t, g);
}

void told_booted(struct told *t, const struct gate *g)
{
    t->in_doubt = t->in_doubt || t->posting || t->refused || t->unwritten || t->now.cleared;
    if (t->unwritten && record_of(g)->since != t->now.since)
        t->up = record_of(g)->delivered > 0; /* as it thinks now */
    t->unwritten = false;
    t->changed_ms = g->port.now_ms;
}
