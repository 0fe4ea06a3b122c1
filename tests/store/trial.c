/* SPDX-License-Identifier: Apache-2.0 */

/* One trial of each part. */

#include "proof.h"

#include <string.h>

const char *const part_names[PARTS] = {"cut", "again", "weak", "fail", "read", "flip"};

const char *const finding_names[FINDINGS] = {
    "old",     "new",   "older",  "told",  "silent",  "mixed",    "lost",     "corrupt",
    "garbage", "fixed", "before", "mount", "refused", "unstable", "unhealed", "broken"};

static enum finding broken(struct proof *p, const char *words)
{
    p->words = words;
    return FOUND_BROKEN;
}

static bool is_good(enum finding f)
{
    return f == FOUND_OLD || f == FOUND_NEW;
}

static bool holds(struct device *d, const struct model *m)
{
    return look(d, m, m) == FOUND_NEW;
}

/* A number that decides what a trial does besides, the same at each replay. */
static uint32_t dice(const struct proof *p, uint32_t what, uint32_t sides)
{
    const struct trial *t = &p->trial;
    uint64_t x = mix(mix(p->seed, t->n * 131 + t->at), mix(t->how, t->at2 * 17 + t->how2));

    return (uint32_t)(mix(x, what) >> 8) % sides;
}

static void plan_tear(struct proof *p, struct device *d, uint32_t how, uint32_t what)
{
    d->sim.torn_program = (enum tk_sim_torn_program)(how % TK_SIM_TORN_PROGRAMS);
    d->sim.torn_erase = (enum tk_sim_torn_erase)(how % TK_SIM_TORN_ERASES);
    d->sim.random = mix(dice(p, what, 1u << 30), what) | 1;
}

/* --- what every trial does in the end --- */

static enum finding start(struct proof *p, struct device *d)
{
    uint64_t operations = d->sim.operations;

    if (device_start(d) != TK_STORE_OK)
        return FOUND_MOUNT;
    return d->sim.operations == operations ? FOUND_NEW : broken(p, "opening writes");
}

/* Commits from n on, and looks now and then. */
static enum finding goes_on(struct proof *p, struct device *d, struct model *m, uint32_t n,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t erases = d->sim.erases;

        model_commit(m, d->load, &d->shape, n + i);
        if (device_commit(d, n + i) != TK_STORE_OK)
            return FOUND_REFUSED;
        if (d->sim.erases > erases + 1)
            return broken(p, "two erases in a commit");
        if ((i < 2 || i % 16 == 15) && !holds(d, m))
            return FOUND_UNSTABLE;
    }
    if (device_start(d) != TK_STORE_OK)
        return FOUND_MOUNT;
    if (!holds(d, m))
        return FOUND_UNSTABLE;
    return before_is_right(d, m) ? FOUND_NEW : FOUND_BEFORE;
}

/* The store is open and was found good: starts and idle work change nothing of it, and it goes on
 * from there. */
static enum finding goes_on_from(struct proof *p, struct device *d, enum finding found,
                                 const struct model *old, const struct model *fresh, uint32_t n)
{
    struct model m = found == FOUND_OLD ? *old : *fresh;
    enum finding f = FOUND_NEW;

    if (!before_is_right(d, &m))
        return FOUND_BEFORE;
    if (d->store.health & TK_STORE_CORRUPT)
        return broken(p, "corrupt is told, and nothing is");
    if (dice(p, 1, 2) == 1)
        f = start(p, d);
    if (is_good(f) && dice(p, 2, 3) != 0) {
        f = device_prepare(d) == TK_STORE_OK ? FOUND_NEW : FOUND_REFUSED;
        if (is_good(f) && dice(p, 3, 2) == 1)
            f = start(p, d);
    }
    if (is_good(f) && !holds(d, &m))
        f = FOUND_UNSTABLE;
    if (!is_good(f))
        return f;
    f = goes_on(p, d, &m, found == FOUND_OLD ? n : n + 1, p->trial.more);
    return is_good(f) ? found : f;
}

/* --- cuts --- */

/* Opens after a cut in what would have led from old to fresh. */
static enum finding look_after(struct proof *p, struct device *d, int ret, const struct model *old,
                               const struct model *fresh)
{
    enum finding f = start(p, d);

    if (is_good(f))
        f = look(d, old, fresh);
    if (f == FOUND_OLD && ret == TK_STORE_OK)
        return FOUND_LOST; /* it was told to be durable */
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
    enum finding f = look_after(p, d, ret, &models[0], &models[1]);

    return is_good(f) ? goes_on_from(p, d, f, &models[0], &models[1], p->trial.n) : f;
}

/* how2: how the second is torn; from TK_SIM_TORN_PROGRAMS on: without prepare. */
static enum finding try_again(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;
    int ret = step_until_cut(p, d);

    p->reached_again = false;
    if (!p->reached)
        return FOUND_NEW;
    enum finding f = look_after(p, d, ret, &models[0], &models[1]);

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
    p->reached_again = d->sim.off;
    if (!d->sim.off && ret != TK_STORE_OK)
        return FOUND_REFUSED;
    f = look_after(p, d, ret, &old, &fresh);
    return is_good(f) ? goes_on_from(p, d, f, &old, &fresh, n) : f;
}

/* --- cells that read differently --- */

/* Each start may find the old or the new; what prepare or a commit was done on stays. */
static enum finding settle_restarts(struct proof *p, struct device *d, const struct model *models)
{
    enum finding f = FOUND_NEW;

    for (uint32_t i = 0; i < 3 && is_good(f); i++) {
        f = start(p, d);
        if (is_good(f))
            f = look(d, &models[0], &models[1]);
    }
    if (is_good(f) && dice(p, 4, 3) != 0 && device_prepare(d) != TK_STORE_OK)
        return FOUND_REFUSED;
    return f;
}

/* What is not settled may be refused, but garbage is never given out, and soon it is settled. */
static enum finding settle_reads(struct proof *p, struct device *d, const struct model *models)
{
    enum finding f = FOUND_REFUSED;

    for (uint32_t i = 0; i < 20 && f == FOUND_REFUSED; i++) {
        f = i % 2 == 0 ? start(p, d) : FOUND_NEW;
        if (is_good(f) && look(d, &models[0], &models[1]) == FOUND_GARBAGE)
            f = FOUND_GARBAGE;
        if (is_good(f) && device_prepare(d) != TK_STORE_OK)
            f = FOUND_REFUSED;
    }
    return is_good(f) ? look(d, &models[0], &models[1]) : f;
}

/* at2: an enum tk_sim_weak. */
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
    enum finding later = goes_on(p, d, &m, n, 1 + dice(p, 5, 3));

    for (uint32_t i = 0; i < 3 && is_good(later); i++) {
        later = start(p, d);
        if (is_good(later) && !holds(d, &m))
            later = FOUND_UNSTABLE;
    }
    if (is_good(later))
        later = goes_on(p, d, &m, n + 3, p->trial.more);
    return is_good(later) ? f : later;
}

/* --- a memory that fails with the power on --- */

/* What was committed is there at once, what failed is not. */
static enum finding look_after_failure(struct proof *p, struct device *d, int ret,
                                       const struct model *models)
{
    enum finding f = look(d, &models[0], &models[1]);

    if (ret != TK_STORE_OK && look(d, &models[1], &models[0]) == FOUND_NEW)
        f = is_good(f) ? FOUND_OLD : f; /* it was to change nothing, perhaps */
    if (is_good(f) && f != (ret == TK_STORE_OK ? FOUND_NEW : FOUND_OLD))
        return broken(p, "what a commit answers is not what is there");
    return f;
}

static enum finding try_failure(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;

    plan_tear(p, d, t->how, 13);
    if (t->part == PART_READ)
        d->sim.fail_read_at = d->sim.reads + t->at;
    else {
        d->sim.fail_at = d->sim.operations + t->at;
        d->sim.fail_until = t->at2 == 0 ? 0 : d->sim.operations + t->at2;
    }
    int ret = device_step(d, t->n);

    p->reached = t->part == PART_READ ? d->sim.reads >= d->sim.fail_read_at
                                      : d->sim.operations >= d->sim.fail_at;
    d->sim.fail_at = d->sim.fail_until = d->sim.fail_read_at = 0;
    if (!p->reached)
        return FOUND_NEW;
    uint32_t began = t->n % 10;
    bool opened = ret == TK_STORE_OK || (began != 3 && began != 7); /* else it may be that */
    enum finding f = opened ? look_after_failure(p, d, ret, models) : FOUND_OLD;

    if (!is_good(f))
        return f;
    if (opened && dice(p, 6, 2) == 1) {
        struct model m = models[f == FOUND_NEW];
        enum finding later = goes_on(p, d, &m, t->n + (f == FOUND_NEW), t->more);

        return is_good(later) ? f : later;
    }
    f = look_after(p, d, ret, &models[0], &models[1]); /* what failed may be there after a start */
    return is_good(f) ? goes_on_from(p, d, f, &models[0], &models[1], t->n) : f;
}

/* --- a flipped bit --- */

/* All right, or what the newest commit brought is told to be older or corrupt; the rest is right.
 */
static enum finding look_after_flip(struct device *d, const struct model *models)
{
    enum finding f = look(d, &models[-1], &models[0]);
    uint8_t health = d->store.health;

    if (f == FOUND_OLD)
        return health & TK_STORE_OLDER ? FOUND_OLDER : FOUND_SILENT;
    if (f == FOUND_CORRUPT)
        return health & TK_STORE_CORRUPT ? FOUND_TOLD : f;
    return f;
}

/* A commit that did not read back as written is refused; the next one must do. */
static enum finding heals(struct device *d, struct model *m, uint32_t n, uint32_t count)
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
    if (device_start(d) != TK_STORE_OK)
        return FOUND_MOUNT;
    if (!holds(d, m))
        return FOUND_UNSTABLE;
    bool was_erased = d->sim.erases - erases > d->shape.sectors; /* the damage, surely */

    return d->store.health == 0 || !was_erased ? FOUND_NEW : FOUND_UNHEALED;
}

/* how: bit 0: the store is not opened anew; bit 1: after idle work. */
static enum finding try_flip(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;

    p->reached = true;
    if ((t->how & 2) != 0 && device_prepare(d) != TK_STORE_OK)
        return FOUND_REFUSED;
    d->sim.bytes[t->at / 8] ^= (uint8_t)(1 << t->at % 8);
    if ((t->how & 1) == 0) {
        enum finding f = start(p, d);

        if (!is_good(f))
            return f;
    }
    enum finding f = look_after_flip(d, models);

    if (f > FOUND_TOLD)
        return f;
    struct model m = models[f == FOUND_OLDER ? -1 : 0];
    uint32_t n = f == FOUND_NEW ? t->n : t->n - 1; /* whoever was told commits it once more */
    enum finding later = heals(d, &m, n, t->more);

    return is_good(later) ? f : later;
}

/* --- */

enum finding run_trial(struct proof *p, struct device *d, const struct moment *m,
                       const struct model *models)
{
    static enum finding (*const tries[PARTS])(struct proof *, struct device *,
                                              const struct model *) = {
        try_cut, try_again, try_weak, try_failure, try_failure, try_flip};
    enum finding f;

    moment_back_to(d, m);
    p->words = "";
    f = tries[p->trial.part](p, d, models);
    if (d->seal.misused > 0 && d->sim.weak != TK_SIM_WEAK_READ)
        return broken(p, "a nonce that was made of something else");
    return d->sim.violations > 0 ? broken(p, d->sim.violation) : f;
}

void count_trial(struct proof *p, struct tally *tally, struct device *d, const struct moment *m,
                 const struct model *models)
{
    enum finding f = run_trial(p, d, m, models);

    if (p->trial.part == PART_AGAIN && p->reached)
        p->reached = p->reached_again || f > FOUND_TOLD;
    if (!p->reached && f <= FOUND_TOLD)
        return;
    tally->trials++;
    tally->found[f]++;
    if (f <= FOUND_TOLD)
        return;
    if (p->failures++ < 10 && !p->quiet) {
        printf("FAILED %s%s%s: store_proof --replay \"", finding_names[f],
               f == FOUND_BROKEN ? ", " : "", f == FOUND_BROKEN ? p->words : "");
        print_trial(stdout, &p->trial, p->seed);
        printf("\"\n");
        fflush(stdout);
    }
}
