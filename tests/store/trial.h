/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRIAL_H
#define TRIAL_H

/* What the trials share: trial.c has those of power cuts, failures and flips, reads.c those of
 * reads, worn.c those of worn sectors. */

#include "proof.h"

enum finding violation(struct proof *p, const char *reason);
bool is_good(enum finding f); /* FOUND_OLD or FOUND_NEW */
bool holds(struct device *d, const struct model *m);

/* Pseudo-random decisions of a trial, the same at each replay. */
uint32_t dice(const struct proof *p, uint32_t what, uint32_t sides);

void plan_tear(struct proof *p, struct device *d, uint32_t how, uint32_t what);

/* Restarts; opening must write nothing. */
enum finding boot(struct proof *p, struct device *d);

/* Commits from n on, with a check now and then. */
enum finding continues(struct proof *p, struct device *d, struct model *m, uint32_t n,
                       uint32_t count);

/* The store is open and was found good. Restarts and prepare must not change what it holds, and
 * further commits must succeed. */
enum finding continues_from(struct proof *p, struct device *d, enum finding found,
                            const struct model *old, const struct model *fresh, uint32_t n);

/* Boots after a fault in the commit that leads from old to fresh and returned ret. */
enum finding check_after(struct proof *p, struct device *d, int ret, const struct model *old,
                         const struct model *fresh);

/* Further commits, of which one or two may be refused, until damage is gone. */
enum finding heals(struct device *d, struct model *m, uint32_t n, uint32_t count);

enum finding try_open(struct proof *p, struct device *d, const struct model *models);
enum finding try_misread(struct proof *p, struct device *d, const struct model *models);
enum finding try_damage(struct proof *p, struct device *d, const struct model *models);

/* how: enum tk_sim_torn_program, then times 6: 0 no erase, 1 no program, 2 neither; how2:
 * operations after which the sectors work again, 0: never. */
enum finding try_worn(struct proof *p, struct device *d, const struct model *models);

#endif
