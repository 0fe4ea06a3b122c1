/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_FLASH_H
#define TK_SIM_FLASH_H

/*
 * Flash in RAM, of any geometry, that fails as told and loses power in the middle of a call. It
 * watches that its user keeps to the contract, and counts what he does.
 *
 * Operations are calls of program and erase, numbered from 1 in `operations`: to cut the power in
 * the next but one, set cut_at = operations + 2.
 */

#include "tk_flash.h"

#include <stdbool.h>

/* What a program leaves that did not end. */
enum tk_sim_torn_program {
    TK_SIM_PROGRAM_NOTHING,     /* all old */
    TK_SIM_PROGRAM_PREFIX,      /* some units new, the others old */
    TK_SIM_PROGRAM_HALF_UNIT,   /* the same, and some bits of the next unit */
    TK_SIM_PROGRAM_BUT_ONE_UNIT /* all new but the last unit */
};

/* What an erase leaves that did not end. */
enum tk_sim_torn_erase {
    TK_SIM_ERASE_PART,  /* 0xFF up to somewhere, old from there on */
    TK_SIM_ERASE_NOISY, /* old, with any of its 0 bits risen to 1 */
    TK_SIM_ERASE_NOISE
};

struct tk_sim_flash {
    struct tk_flash flash; /* flash.ctx is this struct: it must not move */
    uint8_t *bytes;        /* the test may look, and flip bits */

    /* what the test sets */
    unsigned erase_again;  /* TK_FLASH_AGAIN before each erase is done */
    uint64_t fail_at;      /* this operation fails, torn as below; 0: none */
    uint64_t fail_read_at; /* this read fails */
    uint64_t cut_at;       /* in this operation the power goes */
    enum tk_sim_torn_program torn_program;
    enum tk_sim_torn_erase torn_erase;
    uint64_t random; /* decides how much is torn; any number but 0 */

    /* what the test reads */
    bool off; /* the power is gone: all calls fail */
    unsigned violations;
    const char *violation; /* the last one in words */
    uint64_t operations, programs, program_bytes, erases, reads, read_bytes;
    uint32_t *wear; /* erases of each sector */

    /* inside */
    uint8_t *programmed; /* of each unit: since the last erase */
    uint32_t erasing;    /* the offset of an erase that is not done; UINT32_MAX: none */
    unsigned said;       /* TK_FLASH_AGAIN of it */
};

/* Erased, with the power on. sync is NULL: what was done survives. */
void tk_sim_flash_init(struct tk_sim_flash *f, uint32_t sector_size, uint32_t sectors,
                       uint32_t unit);
void tk_sim_flash_free(struct tk_sim_flash *f);

/* The power comes back; no cut is planned any more. */
void tk_sim_flash_power_on(struct tk_sim_flash *f);

#endif
