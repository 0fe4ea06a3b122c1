/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROOF_H
#define PROOF_H

/*
 * Exhaustive fault injection for the store. A trial takes a store that has made some commits,
 * injects one fault while the next commit is made, restarts it, and checks what it holds: exactly
 * the state before the commit (old), exactly the state after it (new), or a failure of a kind named
 * below.
 *
 * A trial is one line of text. The same line replays it: store_proof --replay "...".
 */

#include "tk_sim_flash.h"
#include "tk_store.h"

#include <stdio.h>

/* --- what is committed --- */

enum { KEYS_MAX = 64, VALUE_MAX = 4096 };

enum kind {
    EEPROM = 1,
    SEALED = 2, /* records are sealed */
    CACHED = 4, /* writes that were not synced can be lost */
    ECC = 8,
    ENCRYPTED = 16,
    RAW = 32 /* encrypted, and erased units read as noise */
};

struct shape {
    uint32_t sectors, sector_size, unit;
    unsigned kind; /* bits of enum kind */
};

/* The kind as letters: e, s, c, x, n, r. */
const char *kind_letters(unsigned kind, char letters[8]);

/* One value of a commit. Its bytes follow from key and version. */
struct entry {
    uint8_t key;
    int len; /* -1: deletes the key */
    uint32_t version;
};

/* A series of commits, numbered from 0. */
struct load {
    const char *name;
    size_t (*commit)(const struct shape *shape, uint32_t n, struct entry *entries);
};

extern const struct load loads[];
const struct load *find_load(const char *name);

void value_bytes(uint8_t key, uint32_t version, int len, uint8_t *bytes);

struct expected {
    int len; /* -1: no value */
    uint32_t version;
};

/* What a store must hold. */
struct model {
    struct expected now[KEYS_MAX], previous[KEYS_MAX];
    bool newest[KEYS_MAX]; /* changed by the last commit that changed anything */
};

void model_blank(struct model *m);
void model_commit(struct model *m, const struct load *load, const struct shape *shape, uint32_t n);

/* --- a device --- */

struct injected_bug;
struct device;

/* What an injected bug remembers: a program call it has held back, and a count of calls. */
struct shim_state {
    uint32_t at, len, calls;
    uint8_t bytes[256];
};

/* A seal that is fast and insecure but strict: it counts in `misused` every record encrypted with a
 * nonce that was derived from other bytes. */
struct test_seal {
    struct tk_store_seal store;
    uint64_t hash, plain;
    uint8_t nonce[TK_STORE_NONCE];
    uint32_t offset;
    bool derives_nonce, writes;
    bool is_header; /* no record but a header is authenticated */
    const struct device *device;
    unsigned misused;
};

void test_seal_init(struct test_seal *seal, const struct device *device);

struct device {
    struct shape shape;
    struct test_seal seal;
    const struct load *load;
    struct tk_sim_flash sim;
    struct tk_flash shim; /* what the store uses: sim, or an injected bug in front of it */
    const struct injected_bug *bug;
    struct shim_state shim_state;
    struct tk_store store;
};

/* State of a device between two commits. */
struct snapshot {
    struct tk_sim_image image;
    struct tk_store store;
    struct shim_state shim_state;
};

void device_init(struct device *d, const struct shape *shape, const struct load *load,
                 const struct injected_bug *bug);
void device_free(struct device *d);
int device_boot(struct device *d); /* power comes on, the store is opened */
int device_prepare(struct device *d);
int device_commit(struct device *d, uint32_t n);

/* Commit n with what comes before it: for some n a restart, for some prepare. */
int device_step(struct device *d, uint32_t n);

void snapshot_take(const struct device *d, struct snapshot *m);
void snapshot_restore(struct device *d, const struct snapshot *m);
void snapshot_free(struct snapshot *m);

/* --- findings --- */

enum finding {
    FOUND_OLD,
    FOUND_NEW,
    FOUND_OLDER,      /* the commit before the old one, and this was reported: after a bit flip */
    FOUND_REPORTED,   /* a value is refused as corrupt: after a bit flip */
    FOUND_STALE,      /* the commit before the old one, without a report */
    FOUND_MIXED,      /* values of two commits */
    FOUND_LOST,       /* a committed value is missing */
    FOUND_CORRUPT,    /* a value is refused as corrupt */
    FOUND_GARBAGE,    /* a value that was never committed */
    FOUND_OTHER_LOST, /* a value that the commit did not touch is missing, corrupt or garbage */
    FOUND_PREVIOUS,   /* a previous value is wrong */
    FOUND_MOUNT,      /* the store cannot be opened */
    FOUND_REFUSED,    /* a later commit, or prepare, failed */
    FOUND_UNSTABLE,   /* the state changed with a restart after it was settled */
    FOUND_UNHEALED,   /* damage is still reported long afterwards */
    FOUND_VIOLATION,  /* a rule of the flash contract or of the store was broken: see reason */
    FINDINGS
};

/* Compares the device with two models: FOUND_OLD, FOUND_NEW, or FOUND_MIXED to
 * FOUND_OTHER_LOST. */
enum finding check(struct device *d, const struct model *old, const struct model *fresh);

/* Compares with one model while reads fail: each value is right or refused (FOUND_NEW), or, if that
 * is reported, what it was in `before` or in one of so many older models in front of it
 * (FOUND_OLDER). Else FOUND_STALE to FOUND_GARBAGE. */
enum finding check_shown(struct device *d, const struct model *m, const struct model *before,
                         uint32_t older);

/* Whether previous values match the model. Those that the last commit replaced must be there,
 * unless there are two sectors or some were passed by; others may be missing. */
bool previous_is_right(struct device *d, const struct model *m, bool passed_by);

/* --- a trial --- */

enum fault {
    FAULT_CUT,      /* power fails in operation `at`, which is torn as `how` says */
    FAULT_TWICE,    /* the same, and again in operation `at2` of the recovery */
    FAULT_MARGINAL, /* torn cells read differently after each restart, or at each read */
    FAULT_FAIL,     /* operation `at` fails with the power on; with at2, all up to that one */
    FAULT_READ,     /* read `at` fails */
    FAULT_OPEN,     /* read `at` of an opening fails: how: once, for a while, for ever */
    FAULT_MISREAD,  /* read `at` of a start and a commit has one wrong bit */
    FAULT_WORN,     /* at2 sectors from `at` on neither erase nor program: see how in trial.h */
    FAULT_FLIP,     /* bit `at` of the flash flips */
    FAULT_DAMAGE,   /* the unit at byte `at` reads as an error until it is erased */
    FAULTS
};

struct trial {
    enum fault fault;
    struct shape shape;
    const struct load *load;
    uint32_t n;       /* the commit that is disturbed */
    uint32_t at, how; /* see enum fault */
    uint32_t at2, how2;
    uint32_t more; /* commits made afterwards */
};

struct proof {
    uint64_t seed;
    bool quiet;
    unsigned failures; /* of all trials */
    const struct injected_bug *bug;
    struct trial trial;  /* the current one */
    const char *reason;  /* of FOUND_VIOLATION */
    bool reached;        /* the planned fault happened; false: `at` is past the last operation */
    bool reached_second; /* the same of at2 */
};

struct tally {
    uint64_t trials, found[FINDINGS];
};

extern const char *const fault_names[FAULTS];

extern const char *const finding_names[FINDINGS];

/* Runs p->trial from the snapshot before commit n. models[0] is what the store holds then,
 * models[1] the same with commit n, models[-1] what it held before commit n - 1. */
enum finding run_trial(struct proof *p, struct device *d, const struct snapshot *m,
                       const struct model *models);

/* The same, counted, and reported if it failed. */
void count_trial(struct proof *p, struct tally *tally, struct device *d, const struct snapshot *m,
                 const struct model *models);

void print_trial(FILE *out, const struct trial *t, uint64_t seed);
bool replay(const char *line); /* false: it failed, or the line is not a trial */

uint64_t mix(uint64_t a, uint64_t b);

/* Restarts the watchdog: a trial that takes a minute of CPU time hangs. */
void watch_trial(void);

/* --- campaigns --- */

/* All trials of one fault for the commits from..to of a load. */
struct campaign {
    enum fault fault;
    struct shape shape;
    const struct load *load;
    uint32_t from, to;
    uint32_t more;       /* commits after each trial */
    uint32_t long_every; /* one trial in so many has 200 */
    uint32_t flips;      /* FAULT_FLIP: bits per commit */
};

void run_campaign(struct proof *p, const struct campaign *c, struct tally *tally);

/* Makes so many commits. False if erase counts differ by more than 1, or a commit takes two
 * erases. */
bool run_wear(struct proof *p, const struct shape *shape, uint32_t commits);

/* Values that do not fit are refused and change nothing; a full store stays usable. */
bool run_full(struct proof *p, const struct shape *shape);

/* Flash that holds something else than a store of this shape. */
bool run_contents(struct proof *p);

/* --- injected bugs --- */

struct injected_bug {
    const char *name;
    void (*inject)(struct device *d); /* sets d->shim */
    enum fault fault;                 /* that finds it */
    unsigned kind;                    /* of the device */
};

extern const struct injected_bug injected_bugs[];

#endif
