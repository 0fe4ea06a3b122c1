/* SPDX-License-Identifier: Apache-2.0 */

/* One trial of each fault. */

#include "trial.h"

#include <string.h>

const char *const fault_names[FAULTS] = {"cut",  "twice",   "marginal", "fail", "read",
                                         "open", "misread", "worn",     "flip", "damage"};

const char *const finding_names[FINDINGS] = {
    "old",     "new",   "older",    "reported", "stale",   "mixed",    "lost",     "corrupt",
    "garbage", "other", "previous", "mount",    "refused", "unstable", "unhealed", "violation"};

enum finding violation(struct proof *p, const char *reason)
{
    p->reason = reason;
    return FOUND_VIOLATION;
}

bool is_good(enum finding f)
{
    return f == FOUND_OLD || f == FOUND_NEW;
}

bool holds(struct device *d, const struct model *m)
{
    return check(d, m, m) == FOUND_NEW;
}

/* Pseudo-random decisions of a trial, the same at each replay. */
uint32_t dice(const struct proof *p, uint32_t what, uint32_t sides)
{
    const struct trial *t = &p->trial;
    uint64_t x = mix(mix(p->seed, t->n * 131 + t->at), mix(t->how, t->at2 * 17 + t->how2));

    return (uint32_t)(mix(x, what) >> 8) % sides;
}

void plan_tear(struct proof *p, struct device *d, uint32_t how, uint32_t what)
{
    d->sim.torn_program = (enum tk_sim_torn_program)(how % TK_SIM_TORN_PROGRAMS);
    d->sim.torn_erase = (enum tk_sim_torn_erase)(how % TK_SIM_TORN_ERASES);
    d->sim.random = mix(dice(p, what, 1u << 30), what) | 1;
}

/* --- how every trial ends --- */

enum finding boot(struct proof *p, struct device *d)
{
    uint64_t operations = d->sim.operations;
    int ret = device_boot(d);

    /* sectors passed by in a blank store, none of which got a header: foreign, until it is wiped */
    if (ret == TK_STORE_FOREIGN && p->trial.n == 0 && p->trial.at2 > p->trial.at)
        return tk_store_wipe(&d->store) == TK_STORE_OK ? FOUND_NEW : FOUND_MOUNT;
    if (ret != TK_STORE_OK)
        return FOUND_MOUNT;
    return d->sim.operations == operations ? FOUND_NEW : violation(p, "mounting writes");
}

/* Whether operations failed until sectors were passed by. */
static bool fails_on(const struct proof *p)
{
    return p->trial.fault == FAULT_FAIL && p->trial.at2 > p->trial.at;
}

/* Commits from n on, with a check now and then. */
enum finding continues(struct proof *p, struct device *d, struct model *m, uint32_t n,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t erases = d->sim.erases;

        model_commit(m, d->load, &d->shape, n + i);
        if (device_commit(d, n + i) != TK_STORE_OK)
            return FOUND_REFUSED;
        if (d->sim.erases > erases + 1)
            return violation(p, "two erases in a commit");
        if ((i < 2 || i % 16 == 15) && !holds(d, m))
            return FOUND_UNSTABLE;
    }
    if (device_boot(d) != TK_STORE_OK)
        return FOUND_MOUNT;
    if (!holds(d, m))
        return FOUND_UNSTABLE;
    return previous_is_right(d, m, fails_on(p)) ? FOUND_NEW : FOUND_PREVIOUS;
}

/* The store is open and was found good. Restarts and prepare must not change what it holds, and
 * further commits must succeed. */
enum finding continues_from(struct proof *p, struct device *d, enum finding found,
                            const struct model *old, const struct model *fresh, uint32_t n)
{
    struct model m = found == FOUND_OLD ? *old : *fresh;
    enum finding f = FOUND_NEW;

    if (!previous_is_right(d, &m, fails_on(p)))
        return FOUND_PREVIOUS;
    if (d->store.health & TK_STORE_CORRUPT)
        return violation(p, "corruption is reported where there is none");
    if (dice(p, 1, 2) == 1)
        f = boot(p, d);
    if (is_good(f) && dice(p, 2, 3) != 0) {
        f = device_prepare(d) == TK_STORE_OK ? FOUND_NEW : FOUND_REFUSED;
        if (is_good(f) && dice(p, 3, 2) == 1)
            f = boot(p, d);
    }
    if (is_good(f) && !holds(d, &m))
        f = FOUND_UNSTABLE;
    if (!is_good(f))
        return f;
    f = continues(p, d, &m, found == FOUND_OLD ? n : n + 1, p->trial.more);
    return is_good(f) ? found : f;
}

/* --- power cuts --- */

/* Boots after a cut in the commit that leads from old to fresh. */
enum finding check_after(struct proof *p, struct device *d, int ret, const struct model *old,
                         const struct model *fresh)
{
    enum finding f = boot(p, d);

    if (is_good(f))
        f = check(d, old, fresh);
    if (f == FOUND_OLD && ret == TK_STORE_OK)
        return FOUND_LOST; /* the commit had succeeded */
    return f;
}

static int step_until_cut(struct proof *p, struct device *d)
{
    const struct trial *t = &p->trial;

    plan_tear(p, d, t->how, 10);
    d->sim.erase_again = dice(p, 11, 4) == 0 ? 1 : 0;
    d->sim.cut_at = d->sim.operations + t->at;
    int ret = device_step(d, t->n);

    p->reached = d->sim.off;
    return ret;
}

static enum finding try_cut(struct proof *p, struct device *d, const struct model *models)
{
    int ret = step_until_cut(p, d);

    if (!p->reached)
        return FOUND_NEW;
    enum finding f = check_after(p, d, ret, &models[0], &models[1]);

    return is_good(f) ? continues_from(p, d, f, &models[0], &models[1], p->trial.n) : f;
}

/* how2: how the second operation is torn; from TK_SIM_TORN_PROGRAMS on: without prepare. */
static enum finding try_again(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;
    int ret = step_until_cut(p, d);

    p->reached_second = false;
    if (!p->reached)
        return FOUND_NEW;
    enum finding f = check_after(p, d, ret, &models[0], &models[1]);

    if (!is_good(f))
        return f;
    uint32_t n = f == FOUND_OLD ? t->n : t->n + 1;
    struct model old = f == FOUND_OLD ? models[0] : models[1], fresh = old;

    model_commit(&fresh, d->load, &d->shape, n);
    plan_tear(p, d, t->how2, 12);
    d->sim.cut_at = d->sim.operations + t->at2;
    ret = t->how2 < TK_SIM_TORN_PROGRAMS ? device_prepare(d) : TK_STORE_OK;
    if (ret == TK_STORE_OK)
        ret = device_commit(d, n);
    p->reached_second = d->sim.off;
    if (!d->sim.off && ret != TK_STORE_OK)
        return FOUND_REFUSED;
    f = check_after(p, d, ret, &old, &fresh);
    return is_good(f) ? continues_from(p, d, f, &old, &fresh, n) : f;
}

/* --- marginal cells --- */

/* Each boot may find the old or the new state; once prepare or a commit ran, it must stay. */
static enum finding settle_restarts(struct proof *p, struct device *d, const struct model *models)
{
    enum finding f = FOUND_NEW;

    for (uint32_t i = 0; i < 3 && is_good(f); i++) {
        f = boot(p, d);
        if (is_good(f))
            f = check(d, &models[0], &models[1]);
    }
    if (is_good(f) && dice(p, 4, 3) != 0 && device_prepare(d) != TK_STORE_OK)
        return FOUND_REFUSED;
    return f;
}

/* An unsettled value may be refused, but garbage is never returned, and it settles soon. */
static enum finding settle_reads(struct proof *p, struct device *d, const struct model *models)
{
    enum finding f = FOUND_REFUSED;

    for (uint32_t i = 0; i < 20 && f == FOUND_REFUSED; i++) {
        f = i % 2 == 0 ? boot(p, d) : FOUND_NEW;
        if (is_good(f) && check(d, &models[0], &models[1]) == FOUND_GARBAGE)
            f = FOUND_GARBAGE;
        if (is_good(f) && device_prepare(d) != TK_STORE_OK)
            f = FOUND_REFUSED;
    }
    return is_good(f) ? check(d, &models[0], &models[1]) : f;
}

/* at2: enum tk_sim_weak. */
static enum finding try_weak(struct proof *p, struct device *d, const struct model *models)
{
    d->sim.weak = (enum tk_sim_weak)p->trial.at2;
    (void)step_until_cut(p, d);
    if (!p->reached)
        return FOUND_NEW;
    enum finding f = d->sim.weak == TK_SIM_WEAK_READ ? settle_reads(p, d, models)
                                                     : settle_restarts(p, d, models);

    if (!is_good(f))
        return f;
    struct model m = models[f == FOUND_NEW];
    uint32_t n = p->trial.n + (f == FOUND_NEW);
    enum finding later = continues(p, d, &m, n, 1 + dice(p, 5, 3));

    for (uint32_t i = 0; i < 3 && is_good(later); i++) {
        later = boot(p, d);
        if (is_good(later) && !holds(d, &m))
            later = FOUND_UNSTABLE;
    }
    if (is_good(later))
        later = continues(p, d, &m, n + 3, p->trial.more);
    return is_good(later) ? f : later;
}

/* --- flash failures with the power on --- */

/* A commit that succeeded is there at once, one that failed is not. */
static enum finding check_after_failure(struct proof *p, struct device *d, int ret,
                                        const struct model *models)
{
    enum finding f = check(d, &models[0], &models[1]);

    if (ret != TK_STORE_OK && check(d, &models[1], &models[0]) == FOUND_NEW)
        f = is_good(f) ? FOUND_OLD : f; /* a commit that changes nothing */
    if (is_good(f) && f != (ret == TK_STORE_OK ? FOUND_NEW : FOUND_OLD))
        return violation(p, "the result of a commit is not what is there");
    return f;
}

static enum finding try_failure(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;

    plan_tear(p, d, t->how, 13);
    if (t->fault == FAULT_READ)
        d->sim.fail_read_at = d->sim.reads + t->at;
    else {
        d->sim.fail_at = d->sim.operations + t->at;
        d->sim.fail_until = t->at2 == 0 ? 0 : d->sim.operations + t->at2;
    }
    int ret = device_step(d, t->n);

    p->reached = t->fault == FAULT_READ ? d->sim.reads >= d->sim.fail_read_at
                                        : d->sim.operations >= d->sim.fail_at;
    d->sim.fail_at = d->sim.fail_until = d->sim.fail_read_at = 0;
    if (!p->reached)
        return FOUND_NEW;
    uint32_t began = t->n % 10;
    bool opened =
        ret == TK_STORE_OK || (began != 3 && began != 7); /* otherwise the restart failed */
    enum finding f = opened ? check_after_failure(p, d, ret, models) : FOUND_OLD;

    if (!is_good(f))
        return f;
    if (opened && dice(p, 6, 2) == 1) {
        struct model m = models[f == FOUND_NEW];
        enum finding later = continues(p, d, &m, t->n + (f == FOUND_NEW), t->more);

        return is_good(later) ? f : later;
    }
    f = check_after(p, d, ret, &models[0], &models[1]); /* a failed commit may show up */
    return is_good(f) ? continues_from(p, d, f, &models[0], &models[1], t->n) : f;
}

/* --- bit flips --- */

/* All values are right, or those of the newest commit are reported as older or corrupt and the rest
 * is right. */
static enum finding check_after_flip(struct device *d, const struct model *models)
{
    enum finding f = check(d, &models[-1], &models[0]);
    uint8_t health = d->store.health;

    if (f == FOUND_OLD)
        return health & TK_STORE_OLDER ? FOUND_OLDER : FOUND_STALE;
    if (f == FOUND_CORRUPT)
        return health & TK_STORE_CORRUPT ? FOUND_REPORTED : f;
    return f;
}

/* A commit that does not read back is refused; the next one must succeed. */
enum finding heals(struct device *d, struct model *m, uint32_t n, uint32_t count)
{
    uint64_t erases = d->sim.erases;
    unsigned refused = 0;

    for (uint32_t i = 0; i < count; i++) {
        model_commit(m, d->load, &d->shape, n + i);
        while (device_commit(d, n + i) != TK_STORE_OK) {
            if (refused++ > 1)
                return FOUND_REFUSED;
        }
        if (i % 16 == 0 && !holds(d, m))
            return FOUND_UNSTABLE;
    }
    if (device_boot(d) != TK_STORE_OK)
        return FOUND_MOUNT;
    if (!holds(d, m))
        return FOUND_UNSTABLE;
    bool was_erased = d->sim.erases - erases > d->shape.sectors; /* so was the damage */

    return d->store.health == 0 || !was_erased ? FOUND_NEW : FOUND_UNHEALED;
}

/* how: bit 0: without a restart; bit 1: after prepare. */
static enum finding try_flip(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;

    p->reached = true;
    if ((t->how & 2) != 0 && device_prepare(d) != TK_STORE_OK)
        return FOUND_REFUSED;
    d->sim.bytes[t->at / 8] ^= (uint8_t)(1 << t->at % 8);
    if ((t->how & 1) == 0) {
        enum finding f = boot(p, d);

        if (!is_good(f))
            return f;
    }
    enum finding f = check_after_flip(d, models);

    if (f > FOUND_REPORTED)
        return f;
    struct model m = models[f == FOUND_OLDER ? -1 : 0];
    uint32_t n = f == FOUND_NEW ? t->n : t->n - 1; /* a reported value is committed again */
    enum finding later = heals(d, &m, n, t->more);

    return is_good(later) ? f : later;
}

/* --- all --- */

enum finding run_trial(struct proof *p, struct device *d, const struct snapshot *m,
                       const struct model *models)
{
    static enum finding (*const tries[FAULTS])(struct proof *, struct device *,
                                               const struct model *) = {
        try_cut,  try_again,   try_weak, try_failure, try_failure,
        try_open, try_misread, try_worn, try_flip,    try_damage};
    enum finding f;

    snapshot_restore(d, m);
    p->reason = "";
    f = tries[p->trial.fault](p, d, models);
    if (d->seal.misused > 0 && d->sim.weak != TK_SIM_WEAK_READ)
        return violation(p, "a nonce derived from other bytes");
    return d->sim.violations > 0 ? violation(p, d->sim.violation) : f;
}

void count_trial(struct proof *p, struct tally *tally, struct device *d, const struct snapshot *m,
                 const struct model *models)
{
    enum finding f = run_trial(p, d, m, models);

    if (p->trial.fault == FAULT_TWICE && p->reached)
        p->reached = p->reached_second || f > FOUND_REPORTED;
    if (!p->reached && f <= FOUND_REPORTED)
        return;
    tally->trials++;
    tally->found[f]++;
    if (f <= FOUND_REPORTED)
        return;
    if (p->failures++ < 10 && !p->quiet) {
        printf("FAILED %s%s%s: store_proof --replay \"", finding_names[f],
               f == FOUND_VIOLATION ? ", " : "", f == FOUND_VIOLATION ? p->reason : "");
        print_trial(stdout, &p->trial, p->seed);
        printf("\"\n");
        fflush(stdout);
    }
}
