/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROOF_H
#define PROOF_H

/*
 * The proof that the store loses nothing: a trial takes a store that has made some commits, does
 * something to it while the next one is made, starts it again, and looks at what is there: all as
 * before (old), all as committed (new), or a failure of one of the kinds below.
 *
 * A trial is a line of text, and the same line does the same again: store_proof --replay "...".
 */

#include "tk_sim_flash.h"
#include "tk_store.h"

#include <stdio.h>

/* --- what is committed --- */

enum { KEYS_MAX = 64, VALUE_MAX = 4096 };

enum kind {
    EEPROM = 1,
    SEALED = 2, /* the store seals its records */
    CACHED = 4  /* what was not synced may be lost */
};

struct shape {
    uint32_t sectors, sector_size, unit;
    unsigned kind; /* bits of enum kind */
};

/* The kind as letters: e, s, c. */
const char *kind_letters(unsigned kind, char letters[4]);

/* One value of a commit. What its bytes are follows from key and version. */
struct entry {
    uint8_t key;
    int len; /* -1: the key is deleted */
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

struct held {
    int len; /* -1: not there */
    uint32_t version;
};

/* What a store must hold. */
struct model {
    struct held now[KEYS_MAX], before[KEYS_MAX];
    bool newest[KEYS_MAX]; /* changed by the last commit that changed anything */
};

void model_blank(struct model *m);
void model_commit(struct model *m, const struct load *load, const struct shape *shape, uint32_t n);

/* --- a device --- */

struct sabotage;

/* What a saboteur keeps in mind: a program that he has not done yet, and a count. */
struct shim_state {
    uint32_t at, len, calls;
    uint8_t bytes[256];
};

struct device;

/* A seal that is quick and weak, but of which every mistake shows: a nonce that was made of other
 * bytes than those that were sealed with it counts in `misused`. */
struct test_seal {
    struct tk_store_seal store;
    uint64_t hash, plain;
    uint8_t nonce[TK_STORE_NONCE];
    uint32_t offset;
    bool makes_nonce, writes;
    const struct device *device;
    unsigned misused;
};

void test_seal_init(struct test_seal *seal, const struct device *device);

struct device {
    struct shape shape;
    struct test_seal seal;
    const struct load *load;
    struct tk_sim_flash sim;
    struct tk_flash shim; /* what the store is given where somebody stands in between */
    const struct sabotage *sabotage;
    struct shim_state shim_state;
    struct tk_store store;
};

/* A store in the middle of its life. */
struct moment {
    struct tk_sim_image image;
    struct tk_store store;
    struct shim_state shim_state;
};

void device_init(struct device *d, const struct shape *shape, const struct load *load,
                 const struct sabotage *sabotage);
void device_free(struct device *d);
int device_start(struct device *d); /* the power comes on, the store is opened */
int device_prepare(struct device *d);
int device_commit(struct device *d, uint32_t n);

/* What happens between commits n - 1 and n, and commit n: some begin with a restart, some are
 * prepared. */
int device_step(struct device *d, uint32_t n);

void moment_keep(const struct device *d, struct moment *m);
void moment_back_to(struct device *d, const struct moment *m);
void moment_free(struct moment *m);

/* --- what is found --- */

enum finding {
    FOUND_OLD,
    FOUND_NEW,
    FOUND_OLDER,      /* the commit before the old one, and said so: after a flipped bit */
    FOUND_TOLD,       /* a value is refused as corrupt: after a flipped bit */
    FOUND_SILENT,     /* the commit before the old one, and nothing said so */
    FOUND_MIXED,      /* values of two commits */
    FOUND_LOST,       /* a value that was committed is missing */
    FOUND_CORRUPT,    /* a value is refused as corrupt */
    FOUND_GARBAGE,    /* a value that was never committed */
    FOUND_FIXED_LOST, /* one that the commit did not touch is missing, corrupt or garbage */
    FOUND_BEFORE,     /* the value before is wrong */
    FOUND_MOUNT,      /* the store cannot be opened */
    FOUND_REFUSED,    /* a later commit, or prepare, failed */
    FOUND_UNSTABLE,   /* what was found changed with a restart, though it was settled */
    FOUND_UNHEALED,   /* damage is still told long after */
    FOUND_BROKEN,     /* a rule of the flash contract, or of this store: see the words */
    FINDINGS
};

/* What a device holds, against two models: FOUND_OLD, FOUND_NEW, or FOUND_MIXED to FIXED_LOST. */
enum finding look(struct device *d, const struct model *old, const struct model *fresh);

/* Whether the values before are those of the model: of what the last commit changed in any case,
 * unless there are two sectors; others may be missing. */
bool before_is_right(struct device *d, const struct model *m);

/* --- a trial --- */

enum part {
    PART_CUT,   /* power goes in operation `at`, torn as `how` */
    PART_AGAIN, /* and then once more, in operation `at2` of the recovery */
    PART_WEAK,  /* the torn cells read another way after each restart, or at each read */
    PART_FAIL,  /* operation `at` fails with the power on; with at2, all up to that one */
    PART_READ,  /* read `at` fails */
    PART_FLIP,  /* bit `at` of the memory flips */
    PARTS
};

struct trial {
    enum part part;
    struct shape shape;
    const struct load *load;
    uint32_t n;       /* the commit that is disturbed */
    uint32_t at, how; /* see the part */
    uint32_t at2, how2;
    uint32_t more; /* commits made afterwards */
};

struct proof {
    uint64_t seed;
    bool quiet;
    unsigned failures; /* of all trials */
    const struct sabotage *sabotage;
    struct trial trial; /* the one under way */
    const char *words;  /* why FOUND_BROKEN */
    bool reached;       /* whether what the trial plans came to pass; else `at` was too far */
    bool reached_again; /* the same of at2 */
};

struct tally {
    uint64_t trials, found[FINDINGS];
};

extern const char *const part_names[PARTS];

extern const char *const finding_names[FINDINGS];

/* Runs p->trial from the moment before commit n. models[0] is what the store holds then, models[1]
 * the same with commit n, models[-1] what it held before commit n - 1. */
enum finding run_trial(struct proof *p, struct device *d, const struct moment *m,
                       const struct model *models);

/* The same, counted, and told when it failed. */
void count_trial(struct proof *p, struct tally *tally, struct device *d, const struct moment *m,
                 const struct model *models);

void print_trial(FILE *out, const struct trial *t, uint64_t seed);
bool replay(const char *line); /* false: it failed, or is no trial */

uint64_t mix(uint64_t a, uint64_t b);

/* A trial begins: when it takes a minute of CPU time, it hangs. */
void watch_trial(void);

/* --- campaigns --- */

/* All trials of one part for commits from..to of a load. */
struct campaign {
    enum part part;
    struct shape shape;
    const struct load *load;
    uint32_t from, to;
    uint32_t more;  /* commits after each trial, */
    uint32_t often; /* of every so many trials 200 */
    uint32_t flips; /* PART_FLIP: bits a commit */
};

void run_campaign(struct proof *p, const struct campaign *c, struct tally *tally);

/* Commits so many times; false when the wear is spread by more than 1, or a commit costs two
 * erases. */
bool run_wear(struct proof *p, const struct shape *shape, uint32_t commits);

/* What does not fit is refused and changes nothing; a store that is full goes on. */
bool run_full(struct proof *p, const struct shape *shape);

/* --- sabotage --- */

struct sabotage {
    const char *name;
    void (*stand_between)(struct device *d); /* sets d->shim */
};

extern const struct sabotage sabotages[];

#endif
