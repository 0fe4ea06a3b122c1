/* SPDX-License-Identifier: Apache-2.0 */

/* Trials of reads: that fail while a store is opened, that return a wrong bit, that fail at one
 * place. */

#include "trial.h"

/* --- an opening --- */

static void plan_reads(struct proof *p, struct device *d)
{
    static const uint64_t counts[] = {1, 16, UINT32_MAX};

    d->sim.fail_read_at = d->sim.reads + p->trial.at;
    d->sim.fail_read_until = d->sim.fail_read_at + counts[p->trial.how % 3] - 1;
}

/* The power is on, reads of the opening fail, and a commit is tried all the same; half of the time
 * the failures end before it. */
enum finding try_open(struct proof *p, struct device *d, const struct model *models)
{
    uint64_t operations = d->sim.operations;
    enum finding f = FOUND_NEW;

    plan_reads(p, d);
    int ret = device_boot(d);

    p->reached = d->sim.reads >= d->sim.fail_read_at;
    if (!p->reached)
        return FOUND_NEW;
    if (d->sim.operations != operations)
        return violation(p, "mounting writes");
    if (ret == TK_STORE_OK)
        f = check_shown(d, &models[0], &models[-1], 0);
    if (f > FOUND_OLDER)
        return f;
    if (dice(p, 20, 2) == 0)
        tk_sim_flash_heal(&d->sim);
    if (dice(p, 21, 2) == 0)
        (void)device_prepare(d);
    ret = device_commit(d, p->trial.n);
    tk_sim_flash_heal(&d->sim);
    f = check_after(p, d, ret, &models[0], &models[1]);
    return is_good(f) ? continues_from(p, d, f, &models[0], &models[1], p->trial.n) : f;
}

/* --- a misread --- */

static bool is_harmless(enum finding f)
{
    return f == FOUND_NEW || f == FOUND_OLDER;
}

/* Opens, reads, prepares, commits and reads again; somewhere one bit is misread. What was read at
 * the time may be refused, what is on the flash is not damaged. */
enum finding try_misread(struct proof *p, struct device *d, const struct model *models)
{
    enum finding f = FOUND_NEW;

    d->sim.random = mix(p->trial.how, p->trial.at) | 1;
    d->sim.misread_at = d->sim.reads + p->trial.at;
    if (device_boot(d) == TK_STORE_OK)
        f = check_shown(d, &models[0], &models[-1], 0);
    if (is_harmless(f) && dice(p, 22, 2) == 0)
        (void)device_prepare(d);
    int ret = device_commit(d, p->trial.n);

    if (is_harmless(f))
        f = check_shown(d, &models[ret == TK_STORE_OK], &models[ret == TK_STORE_OK ? 0 : -1], 0);
    p->reached = d->sim.reads >= d->sim.misread_at;
    tk_sim_flash_heal(&d->sim);
    if (!is_harmless(f))
        return f;
    f = check_after(p, d, ret, &models[0], &models[1]);
    return is_good(f) ? continues_from(p, d, f, &models[0], &models[1], p->trial.n) : f;
}

/* --- a damaged unit --- */

/* Commits all values anew, as a caller does that reads the health. */
static void accept_loss(struct device *d, struct model *m)
{
    static uint8_t bytes[VALUE_MAX];

    for (unsigned key = 0; key < KEYS_MAX; key++) {
        struct expected *held = &m->now[key];
        struct tk_store_piece piece = {bytes, (uint16_t)(held->len < 0 ? 0 : held->len)};
        struct tk_store_value value = {(uint8_t)key, held->len < 0 ? 0 : 1, &piece};

        value_bytes((uint8_t)key, held->version, held->len, bytes);
        (void)tk_store_commit(&d->store, &value, 1);
    }
}

/* Whether the unit is one of the newest header, which is read at a start. */
static bool is_header(struct device *d, uint32_t at)
{
    uint32_t unit = d->shape.unit > 16 ? d->shape.unit : 16;

    return d->store.top.seq != 0 &&
           at - d->store.top.seq % d->shape.sectors * d->shape.sector_size < 2 * unit;
}

/* how: bit 0: without a restart, but for a header, and with an index, which knows where the values
 * are until the next start; bit 1: the unit reads now and then. A head that
 * cannot be read costs the records after it in its sector, the newest header costs its sector; both
 * are reported. So every value is right, or refused, or older, however old; committed again, all is
 * as before. */
enum finding try_damage(struct proof *p, struct device *d, const struct model *models)
{
    const struct trial *t = &p->trial;
    struct model m = models[0];

    p->reached = true;
    d->sim.random = mix(t->at, t->how) | 1;
    tk_sim_flash_damage(&d->sim, t->at, (t->how & 2) == 0);
    if ((t->how & 1) == 0 || TK_STORE_INDEX > 0 || is_header(d, t->at)) {
        enum finding f = boot(p, d);

        if (!is_good(f))
            return f;
    }
    enum finding f = check_shown(d, &models[0], &models[-1], t->n);

    if (f > FOUND_OLDER)
        return f;
    bool whole = holds(d, &m);

    accept_loss(d, &m);
    enum finding later = heals(d, &m, t->n, t->more);

    return !is_good(later) ? later : f == FOUND_OLDER ? f : whole ? FOUND_NEW : FOUND_REPORTED;
}
