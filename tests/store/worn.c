/* SPDX-License-Identifier: Apache-2.0 */

/* Trials of sectors that no longer erase or program. */

#include "trial.h"

#define MARK 64 /* write units that a mark takes at most, and what is lost at its end */

static void wear_out(struct proof *p, struct device *d)
{
    static const uint8_t bits[] = {TK_SIM_NO_ERASE, TK_SIM_NO_PROGRAM,
                                   TK_SIM_NO_ERASE | TK_SIM_NO_PROGRAM};
    const struct trial *t = &p->trial;

    for (uint32_t i = 0; i < t->at2; i++)
        d->sim.worn[(t->at - 1 + i) % d->shape.sectors] = bits[t->how / TK_SIM_TORN_PROGRAMS % 3];
    d->sim.worn_until = t->how2 == 0 ? 0 : d->sim.operations + t->how2;
    d->sim.worn_failures = 0;
    plan_tear(p, d, t->how, 23);
}

/* Two sectors that work are enough. */
static bool may_refuse(const struct trial *t)
{
    return t->shape.sectors - t->at2 < 2;
}

static bool is_reported(struct device *d)
{
    struct tk_store_status status;

    tk_store_status(&d->store, &status);
    return status.worn > 0;
}

static enum finding restart(struct proof *p, struct device *d, const struct model *m)
{
    enum finding f = boot(p, d);

    if (!is_good(f))
        return f;
    return holds(d, m) ? FOUND_NEW : FOUND_UNSTABLE;
}

/* Whether a commit may be refused as full: the newest sector is worn, may not be appended to after
 * a restart, or has no room for what is live, so that no other can be emptied into it. */
static bool is_full(struct device *d)
{
    struct tk_store *s = &d->store;
    uint32_t room = s->limit - s->append_at;
    struct tk_store_status status;

    tk_store_status(s, &status);
    return d->sim.worn[s->top.seq % d->shape.sectors] != 0 || s->sector_closed ||
           room < status.capacity - status.free + MARK * d->shape.unit;
}

static bool is_allowed(const struct trial *t, struct device *d, int ret)
{
    return may_refuse(t) || (ret == TK_STORE_FULL && is_full(d));
}

/* A commit that failed leaves all as it was, until a restart may find it complete. */
static enum finding check_refused(struct proof *p, struct device *d, const struct model *m,
                                  const struct model *fresh, int ret)
{
    if (!is_allowed(&p->trial, d, ret))
        return FOUND_REFUSED;
    if (!holds(d, m))
        return violation(p, "the result of a commit is not what is there");
    enum finding f = boot(p, d);

    if (is_good(f))
        f = check(d, m, fresh);
    return is_good(f) && ret == TK_STORE_FULL ? FOUND_REPORTED : f;
}

enum finding try_worn(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;
    struct model m = models[0];
    enum finding f = FOUND_NEW;

    p->reached = true;
    wear_out(p, d);
    for (uint32_t i = 0; i < t->more && is_good(f); i++) {
        struct model fresh = m;
        uint64_t failures = d->sim.worn_failures;

        model_commit(&fresh, d->load, &d->shape, t->n + i);
        int ret = device_commit(d, t->n + i);

        if (ret != TK_STORE_OK)
            return check_refused(p, d, &m, &fresh, ret);
        m = fresh;
        if (!holds(d, &m))
            return FOUND_UNSTABLE;
        if (d->sim.worn_failures > failures && t->how2 == 0 && !is_reported(d))
            return violation(p, "a worn sector is not reported");
        if (dice(p, 100 + i, 6) == 0)
            f = restart(p, d, &m);
        ret = is_good(f) && dice(p, 500 + i, 6) == 0 ? device_prepare(d) : TK_STORE_OK;
        if (ret != TK_STORE_OK)
            return check_refused(p, d, &m, &m, ret);
    }
    return is_good(f) ? restart(p, d, &m) : f;
}
