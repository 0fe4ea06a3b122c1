/* SPDX-License-Identifier: Apache-2.0 */

/* Campaigns of trials, replay, and two tests without faults: years of commits, and a full store. */

#include "proof.h"

#include <stdlib.h>
#include <string.h>

struct run {
    struct proof *p;
    const struct campaign *c;
    struct tally *tally;
    struct device d;
    struct snapshot snapshot;
    struct model *models; /* [n]: state before commit n */
};

/* Whether the planned fault happened. */
static bool one(struct run *r, uint32_t n, uint32_t at, uint32_t how, uint32_t at2, uint32_t how2)
{
    const struct campaign *c = r->c;
    bool often = c->long_every != 0 && r->tally->trials % c->long_every == 0;

    r->p->trial =
        (struct trial){c->fault, c->shape, c->load, n, at, how, at2, how2, often ? 200 : c->more};
    watch_trial();
    count_trial(r->p, r->tally, &r->d, &r->snapshot, &r->models[n]);
    return r->p->reached;
}

/* After every other tear also without prepare. */
static bool again(struct run *r, uint32_t n, uint32_t at, uint32_t how)
{
    bool first = false;

    for (uint32_t without = 0; without <= (at + how) % 2; without++) {
        bool reached = true;

        for (uint32_t at2 = 1; reached; at2++) {
            uint32_t torn = (uint32_t)(mix(at * 31 + at2, how + without) % TK_SIM_TORN_PROGRAMS);

            reached = one(r, n, at, how, at2, torn + without * TK_SIM_TORN_PROGRAMS);
            first = first || reached;
        }
    }
    return first;
}

/* One sector, or all but two; for ever, or for some operations. */
static bool worn(struct run *r, uint32_t n, uint32_t at)
{
    uint32_t most = r->c->shape.sectors > 3 ? r->c->shape.sectors - 2 : 1;

    for (uint32_t how = 0; how < 3 * TK_SIM_TORN_PROGRAMS; how++) {
        (void)one(r, n, at, how, how % 4 == 3 ? most : 1, how % 5 == 4 ? 30 : 0);
        watch_trial();
    }
    return true;
}

static bool all_ways(struct run *r, uint32_t n, uint32_t at)
{
    bool reached = false;

    switch (r->c->fault) {
    case FAULT_READ:
        return one(r, n, at, 0, 0, 0);
    case FAULT_MARGINAL:
        for (uint32_t how = 1; how <= 4; how++) {
            reached |= one(r, n, at, how, TK_SIM_WEAK_RESTART, 0);
            reached |= one(r, n, at, how, TK_SIM_WEAK_READ, 0);
        }
        return reached;
    case FAULT_OPEN:
        for (uint32_t how = 0; how < 3; how++)
            reached |= one(r, n, at, how, 0, 0);
        return reached;
    case FAULT_MISREAD:
        return one(r, n, at, n, 0, 0);
    case FAULT_WORN:
        return at <= r->c->shape.sectors && worn(r, n, at);
    default:
        for (uint32_t how = 0; how < TK_SIM_TORN_PROGRAMS; how++) {
            if (r->c->fault == FAULT_TWICE)
                reached |= again(r, n, at, how);
            else
                reached |=
                    one(r, n, at, how, r->c->fault == FAULT_FAIL && how == 5 ? at + 20 : 0, 0);
        }
        return reached;
    }
}

static bool is_random(enum fault fault)
{
    return fault == FAULT_FLIP || fault == FAULT_DAMAGE;
}

static void flip(struct run *r, uint32_t n)
{
    const struct shape *s = &r->c->shape;
    uint64_t places = (uint64_t)s->sectors * s->sector_size * (r->c->fault == FAULT_FLIP ? 8 : 1);

    for (uint32_t i = 0; n > 1 && i < r->c->flips; i++) {
        uint64_t x = mix(mix(r->p->seed, n), i);

        one(r, n, (uint32_t)(x % places), (uint32_t)(x >> 60) & 3, 0, 0);
    }
}

/* Commit n without a fault. If it fails, the campaign ends. */
static bool advance(struct run *r, uint32_t n)
{
    snapshot_restore(&r->d, &r->snapshot);
    if (device_step(&r->d, n) == TK_STORE_OK && r->d.sim.violations == 0 &&
        check(&r->d, &r->models[n + 1], &r->models[n + 1]) == FOUND_NEW)
        return true;
    if (r->p->failures++ < 10 && !r->p->quiet)
        printf("FAILED: without a fault, commit %u of %s at %u x %u, unit %u%s%s\n", (unsigned)n,
               r->c->load->name, (unsigned)r->c->shape.sectors, (unsigned)r->c->shape.sector_size,
               (unsigned)r->c->shape.unit, r->d.sim.violations > 0 ? ": " : "",
               r->d.sim.violations > 0 ? r->d.sim.violation : "");
    r->tally->trials++;
    r->tally->found[FOUND_REFUSED]++;
    return false;
}

static void begin(struct run *r)
{
    const struct campaign *c = r->c;

    device_init(&r->d, &c->shape, c->load, r->p->bug);
    r->models = calloc(c->to + 2, sizeof *r->models);
    if (r->models == NULL)
        abort();
    r->models++; /* so that models[-1] exists */
    model_blank(&r->models[-1]);
    model_blank(&r->models[0]);
    for (uint32_t n = 0; n < c->to; n++) {
        r->models[n + 1] = r->models[n];
        model_commit(&r->models[n + 1], c->load, &c->shape, n);
    }
    if (device_boot(&r->d) != TK_STORE_OK) {
        r->tally->found[FOUND_MOUNT]++;
        r->p->failures++;
    }
}

static void end(struct run *r)
{
    free(r->models - 1);
    snapshot_free(&r->snapshot);
    device_free(&r->d);
}

void run_campaign(struct proof *p, const struct campaign *c, struct tally *tally)
{
    static struct run r;

    memset(&r, 0, sizeof r);
    r.p = p;
    r.c = c;
    r.tally = tally;
    begin(&r);
    for (uint32_t n = 0; n < c->to; n++) {
        snapshot_take(&r.d, &r.snapshot);
        for (uint32_t at = 1; n >= c->from && !is_random(c->fault);) {
            if (!all_ways(&r, n, at))
                break;
            /* there are thousands of reads */
            at += c->fault == FAULT_READ || c->fault == FAULT_MISREAD ? 1 + at / 32 : 1;
        }
        if (n >= c->from && is_random(c->fault))
            flip(&r, n);
        if (!advance(&r, n))
            break;
    }
    end(&r);
}

/* --- replay --- */

static const char kinds[] = "escxnr";

const char *kind_letters(unsigned kind, char letters[8])
{
    size_t len = 0;

    for (unsigned i = 0; i < sizeof kinds - 1; i++) {
        if (kind >> i & 1)
            letters[len++] = kinds[i];
    }
    letters[len] = '\0';
    return letters;
}

static unsigned kind_of(const char *letters)
{
    unsigned kind = 0;

    for (unsigned i = 0; i < sizeof kinds - 1; i++)
        kind |= strchr(letters, kinds[i]) != NULL ? 1u << i : 0;
    return kind;
}

void print_trial(FILE *out, const struct trial *t, uint64_t seed)
{
    char letters[8];

    fprintf(out, "%s %u x %u / %u -%s %s n %u at %u how %u at2 %u how2 %u more %u seed %llu",
            fault_names[t->fault], (unsigned)t->shape.sectors, (unsigned)t->shape.sector_size,
            (unsigned)t->shape.unit, kind_letters(t->shape.kind, letters), t->load->name,
            (unsigned)t->n, (unsigned)t->at, (unsigned)t->how, (unsigned)t->at2, (unsigned)t->how2,
            (unsigned)t->more, (unsigned long long)seed);
}

static bool parse_trial(const char *line, struct trial *t, uint64_t *seed)
{
    char fault[16], kind[16], load[16];
    unsigned v[9];
    unsigned long long s;

    if (sscanf(line,
               "%15s %u x %u / %u %15s %15s n %u at %u how %u at2 %u how2 %u more %u seed %llu",
               fault, &v[0], &v[1], &v[2], kind, load, &v[3], &v[4], &v[5], &v[6], &v[7], &v[8],
               &s) != 13)
        return false;
    *t = (struct trial){
        FAULTS, {v[0], v[1], v[2], kind_of(kind)}, find_load(load), v[3], v[4], v[5], v[6], v[7],
        v[8]};
    for (int i = 0; i < FAULTS; i++) {
        if (strcmp(fault, fault_names[i]) == 0)
            t->fault = (enum fault)i;
    }
    *seed = s;
    return t->fault != FAULTS && t->load != NULL;
}

bool replay(const char *line)
{
    struct trial t;
    struct proof p = {.seed = 1};
    struct tally tally = {0};
    static struct run r;

    if (!parse_trial(line, &t, &p.seed))
        return false;
    struct campaign c = {t.fault, t.shape, t.load, t.n, t.n + 1, t.more, 0, 0};

    r = (struct run){.p = &p, .c = &c, .tally = &tally};
    begin(&r);
    for (uint32_t n = 0; n < t.n; n++) {
        snapshot_take(&r.d, &r.snapshot);
        if (!advance(&r, n))
            return false;
    }
    snapshot_take(&r.d, &r.snapshot);
    p.trial = t;
    count_trial(&p, &tally, &r.d, &r.snapshot, &r.models[t.n]);
    for (int f = 0; f < FINDINGS; f++) {
        if (tally.found[f] > 0)
            printf("%s\n", finding_names[f]);
    }
    end(&r);
    return p.failures == 0;
}

/* --- wear --- */

static bool spread_is_one(const struct device *d)
{
    uint32_t least = UINT32_MAX, most = 0;

    for (uint32_t i = 0; i < d->shape.sectors; i++) {
        least = d->sim.wear[i] < least ? d->sim.wear[i] : least;
        most = d->sim.wear[i] > most ? d->sim.wear[i] : most;
    }
    return most - least <= 1;
}

static bool commit_levels_wear(struct device *d, uint32_t n)
{
    uint64_t erases = d->sim.erases;

    if (n % 997 == 996 && (device_boot(d) != TK_STORE_OK || device_prepare(d) != TK_STORE_OK))
        return false;
    erases = d->sim.erases - erases > 1 ? 0 : d->sim.erases;
    return device_commit(d, n) == TK_STORE_OK && d->sim.erases <= erases + 1 && spread_is_one(d);
}

bool run_wear(struct proof *p, const struct shape *shape, uint32_t commits)
{
    static struct device d;
    struct model m;
    bool good = true;

    device_init(&d, shape, find_load("refresh"), p->bug);
    model_blank(&m);
    good = device_boot(&d) == TK_STORE_OK;
    for (uint32_t n = 0; n < commits && good; n++) {
        good = commit_levels_wear(&d, n);
        if (n == 0 || n + 2 >= commits)
            model_commit(&m, d.load, shape, n);
    }
    good = good && device_boot(&d) == TK_STORE_OK && check(&d, &m, &m) == FOUND_NEW &&
           previous_is_right(&d, &m, false) && d.store.health == 0 && d.sim.violations == 0;
    if (!good && p->failures++ < 10 && !p->quiet)
        printf("FAILED: %u commits at %u x %u, unit %u\n", (unsigned)commits,
               (unsigned)shape->sectors, (unsigned)shape->sector_size, (unsigned)shape->unit);
    device_free(&d);
    return good;
}

/* --- a full store --- */

static int commit_one(struct device *d, uint8_t key, uint32_t version, int len)
{
    static uint8_t bytes[70000];
    struct tk_store_piece piece = {bytes, (uint16_t)len};
    struct tk_store_value value = {key, 1, &piece};

    value_bytes(key, version, len, bytes);
    return tk_store_commit(&d->store, &value, 1);
}

static bool is_full_and_whole(struct device *d, const struct model *m, uint8_t key, int len)
{
    return commit_one(d, key, 999, len) == TK_STORE_FULL && check(d, m, m) == FOUND_NEW;
}

/* Grows the value of key 2 until it no longer fits beside two others. From then on values of these
 * lengths must be accepted again and again, wherever in the ring they are. */
static bool fill_up(struct proof *p, struct device *d)
{
    int len = (int)d->shape.sector_size / 4;
    struct model m;

    model_blank(&m);
    for (uint8_t key = 0; key < 2; key++) {
        m.now[key] = (struct expected){40, key};
        if (commit_one(d, key, key, 40) != TK_STORE_OK)
            return false;
    }
    while (len < VALUE_MAX && commit_one(d, 2, (uint32_t)len, len) == TK_STORE_OK) {
        m.now[2] = (struct expected){len, (uint32_t)len};
        len++;
    }
    if (!is_full_and_whole(d, &m, 2, len) || !is_full_and_whole(d, &m, 3, 100) ||
        !is_full_and_whole(d, &m, 3, (int)d->shape.sector_size) || m.now[2].len < 0)
        return false;
    for (uint32_t n = 1000; n < 1100; n++) {
        uint8_t key = n % 3 == 0 ? 2 : n % 3 == 1 ? 1 : 0;

        if (n % 7 == 0 && device_boot(d) != TK_STORE_OK)
            return false;
        if (n % 5 == 0 && device_prepare(d) != TK_STORE_OK)
            return false;
        m.now[key].version = n;
        if (commit_one(d, key, n, m.now[key].len) != TK_STORE_OK || check(d, &m, &m) != FOUND_NEW)
            return false;
    }
    (void)p;
    return d->sim.violations == 0;
}

bool run_full(struct proof *p, const struct shape *shape)
{
    static struct device d;
    bool good;

    device_init(&d, shape, find_load("refresh"), p->bug);
    good = device_boot(&d) == TK_STORE_OK && fill_up(p, &d);
    if (!good && p->failures++ < 10 && !p->quiet)
        printf("FAILED: a full store at %u x %u, unit %u\n", (unsigned)shape->sectors,
               (unsigned)shape->sector_size, (unsigned)shape->unit);
    device_free(&d);
    return good;
}
