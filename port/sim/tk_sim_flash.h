/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_FLASH_H
#define TK_SIM_FLASH_H

/*
 * Flash in RAM, of any geometry, that fails as told and loses power in the middle of a call. It
 * watches that its user keeps to the contract, and counts what he does.
 *
 * Operations are calls of program, erase and sync, numbered from 1 in `operations`: to cut the
 * power in the next but one, set cut_at = operations + 2.
 */

#include "tk_flash.h"

#include <stdbool.h>

/* What a program leaves that did not end. On an EEPROM the unit in which it stopped is noise where
 * it is the bits between on flash. */
enum tk_sim_torn_program {
    TK_SIM_PROGRAM_NOTHING,          /* all old */
    TK_SIM_PROGRAM_PREFIX,           /* some units new, the others old */
    TK_SIM_PROGRAM_HALF_UNIT,        /* the same, and some bits of the next unit */
    TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT, /* all new but the last unit: old, or where cells are weak,
                                        half */
    TK_SIM_PROGRAM_SCATTERED,        /* each unit new or old, one of them with some bits */
    TK_SIM_PROGRAM_ALL,              /* all new, but nobody was told */
    TK_SIM_TORN_PROGRAMS
};

/* What an erase leaves that did not end. On an EEPROM all but the last two are PART, with noise in
 * the unit in which it stopped. */
enum tk_sim_torn_erase {
    TK_SIM_ERASE_PART,  /* 0xFF up to somewhere, old from there on */
    TK_SIM_ERASE_NOISY, /* old, with any of its 0 bits risen to 1 */
    TK_SIM_ERASE_NOISE,
    TK_SIM_ERASE_NOTHING,
    TK_SIM_ERASE_ALL, /* all 0xFF, but nobody was told */
    TK_SIM_TORN_ERASES
};

/* How the cells read on which an operation was torn, until they are erased. */
enum tk_sim_weak {
    TK_SIM_WEAK_NEVER,   /* always as they did */
    TK_SIM_WEAK_RESTART, /* one way until the power comes back the next time, then another */
    TK_SIM_WEAK_READ     /* another way at each read */
};

struct tk_sim_flash {
    struct tk_flash flash; /* flash.ctx is this struct: it must not move */
    uint8_t *bytes;        /* the test may look, and flip bits */

    /* what the test sets */
    bool eeprom;           /* the unit is a page, see above */
    unsigned erase_again;  /* TK_FLASH_AGAIN before each erase is done */
    uint64_t fail_at;      /* this operation fails, torn as below; 0: none */
    uint64_t fail_until;   /* and all from there up to this one */
    uint64_t fail_read_at; /* this read fails */
    uint64_t cut_at;       /* in this operation the power goes */
    enum tk_sim_torn_program torn_program;
    enum tk_sim_torn_erase torn_erase;
    enum tk_sim_weak weak;
    uint64_t random; /* decides how much is torn; any number but 0 */

    /* what the test reads */
    bool off; /* the power is gone: all calls fail */
    unsigned violations;
    const char *violation; /* the last one in words */
    uint64_t operations, programs, program_bytes, erases, reads, read_bytes;
    uint32_t *wear; /* erases of each sector */

    /* inside */
    uint8_t *programmed; /* of each unit: since the last erase, in full or cut */
    uint8_t *undecided;  /* the bits that are weak; all 0 unless `doubtful` */
    uint8_t *durable;    /* NULL without a cache: bytes as they were synced, */
    uint8_t *durably;    /* and `programmed` */
    bool doubtful;
    uint32_t erasing; /* the offset of an erase that is not done; UINT32_MAX: none */
    unsigned said;    /* TK_FLASH_AGAIN of it */
};

/* Erased, with the power on. sync is NULL: what was done survives. */
void tk_sim_flash_init(struct tk_sim_flash *f, uint32_t sector_size, uint32_t sectors,
                       uint32_t unit);
void tk_sim_flash_free(struct tk_sim_flash *f);

/* Right after init: what is done lies in a cache until flash.sync is called, which is an operation
 * too. When the power goes any of its lines of TK_SIM_CACHE_LINE bytes may be lost. */
enum { TK_SIM_CACHE_LINE = 512 };

void tk_sim_flash_cache(struct tk_sim_flash *f);

/* The power comes back; no cut is planned any more. */
void tk_sim_flash_power_on(struct tk_sim_flash *f);

/* All that lies in the memory at one moment; not the counters, nor what is planned. */
struct tk_sim_image {
    uint8_t *bytes, *programmed, *undecided, *durable, *durably;
    bool doubtful;
};

/* The image must be zeroed before it is kept first. Ends with the power on. */
void tk_sim_flash_save(const struct tk_sim_flash *f, struct tk_sim_image *image);
void tk_sim_flash_restore(struct tk_sim_flash *f, const struct tk_sim_image *image);
void tk_sim_image_free(struct tk_sim_image *image);

#endif
