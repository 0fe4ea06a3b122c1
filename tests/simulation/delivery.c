/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery.h"

#include <stdio.h>
#include <string.h>

#define POST_MS 30000 /* no POST takes longer */

static const struct tk_alert_record *record_of(const struct gateway *g)
{
    return &g->keeper.alerts.of[0].record;
}

static bool is_escalated(const struct gateway *g, int level)
{
    return level >= 3 || (level > 0 && level >= g->keeper.alerts.webhook.level);
}

/* --- messages that were delivered --- */

static const char *raised(struct delivery *d, const struct gateway *g, const struct server_post *p)
{
    const struct tk_alert_record *r = record_of(g);
    bool same = strcmp(d->ref, p->ref) == 0;
    bool more = p->level == 4 && (d->level < 4 || strcmp(d->cause, p->cause) != 0);

    if (!same && d->up)
        return "a fault is raised before the previous one is cleared";
    if (same && !d->in_doubt && !(d->up && more) && !(d->news && (!d->up || p->level == 4)))
        return "a fault is raised twice";
    if (!is_escalated(g, p->level))
        return "a fault below escalate_level is raised";
    if ((r->level > 0 || r->clear_pending) && r->since != p->since)
        return "RAISED has another start than the account's fault";
    d->raised++;
    d->up = true;
    d->level = p->level;
    d->news = false;
    strcpy(d->cause, p->cause);
    return NULL;
}

static const char *cleared(struct delivery *d, const struct gateway *g, const struct server_post *p)
{
    bool same = strcmp(d->ref, p->ref) == 0;

    if (!same && d->up)
        return "another fault than the one that is up is cleared";
    if (!same && !d->in_doubt)
        return "a fault that was never raised is cleared";
    if (!d->up && !d->in_doubt)
        return "a fault is cleared twice";
    if (p->level != d->level && !d->in_doubt)
        return "CLEARED has another level than RAISED";
    if (d->now.level > 0 && g->port.now_ms > d->rose_ms + POST_MS)
        return "a fault that lasts is cleared";
    d->cleared++;
    d->up = false;
    return NULL;
}

static bool is_its_ref(const struct gateway *g, const struct server_post *p)
{
    char ref[sizeof p->ref];

    snprintf(ref, sizeof ref, "%s-%s-%lld", g->port.id, g->keeper.accounts.of[0].name,
             (long long)p->since);
    return strcmp(ref, p->ref) == 0;
}

const char *delivery_post_ended(struct delivery *d, struct gateway *g)
{
    const struct server_post *p = &g->server.post;
    const char *wrong = NULL;

    if (!p->taken && !g->keeper.alerts.of[0].request.sent)
        return NULL;
    if (p->taken && !is_its_ref(g, p))
        wrong = "the ref is not of this fault";
    else if (p->taken)
        wrong = p->raised ? raised(d, g, p) : cleared(d, g, p);
    if (p->taken)
        strcpy(d->ref, p->ref);
    d->in_doubt = d->in_doubt || !p->sure;
    d->refused = d->refused || (p->sure && !p->taken && p->raised);
    return wrong;
}

/* --- messages that are due --- */

static void follow(struct delivery *d, const struct gateway *g)
{
    const struct tk_alert_record *r = record_of(g), before = d->now;

    d->posting = tk_https_active(&g->keeper.alerts.of[0].request);
    if (g->flash.fail_at != 0)
        d->flash_ms = g->port.now_ms;
    else if (g->port.now_ms > d->flash_ms + DELIVERY_FLASH_MS)
        d->unwritten = false;
    if (memcmp(&before, r, sizeof before) == 0)
        return;
    d->now = *r;
    d->unwritten = g->flash.fail_at != 0;
    if (r->level == before.level && r->cause == before.cause)
        return;
    d->changed_ms = g->port.now_ms;
    if (r->level > 0 && before.level == 0)
        d->rose_ms = g->port.now_ms;
    if (r->level > 0 && (before.level == 0 || (before.level == 4 && r->cause != before.cause)))
        d->news = true;
}

/* How long nothing has changed the fault or kept its message from being delivered. */
static uint64_t quiet_ms(const struct delivery *d, const struct gateway *g)
{
    uint64_t well_ms = g->server.webhook_well_ms;
    uint64_t from_ms = d->changed_ms > well_ms ? d->changed_ms : well_ms;

    return g->port.now_ms > from_ms ? g->port.now_ms - from_ms : 0;
}

static const char *overdue(const struct delivery *d, const struct gateway *g)
{
    uint64_t ms = quiet_ms(d, g);
    int level = d->now.level;

    if (ms > DELIVERY_MS && level == 0 && d->up)
        return "a fault that has ended is not cleared";
    if (ms <= DELIVERY_MS + DELIVERY_APART_MS || !is_escalated(g, level))
        return NULL;
    if (!d->up)
        return "a fault is not raised";
    if (level == 4 &&
        (d->level < 4 || strcmp(d->cause, tk_err_code((enum tk_err)d->now.cause)) != 0))
        return "a fault of level 4 is not raised again";
    return NULL;
}

const char *delivery_check(struct delivery *d, struct gateway *g, bool time_good)
{
    follow(d, g);
    if (!time_good)
        d->changed_ms = g->port.now_ms;
    if (d->now.level == 0 && !d->now.clear_pending) {
        d->in_doubt = d->refused = false;
        if (d->up)
            return "a fault was raised and will never be cleared";
    }
    return overdue(d, g);
}

void delivery_booted(struct delivery *d, const struct gateway *g)
{
    d->in_doubt = d->in_doubt || d->posting || d->refused || d->unwritten || d->now.clear_pending;
    if (d->unwritten && record_of(g)->since != d->now.since)
        d->up = record_of(g)->delivered > 0; /* as the gateway has it */
    d->unwritten = false;
    d->changed_ms = g->port.now_ms;
}
