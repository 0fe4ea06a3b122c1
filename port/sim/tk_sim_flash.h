/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_FLASH_H
#define TK_SIM_FLASH_H

/*
 * Flash in RAM, of any geometry, with injected failures and power cuts in the middle of a call. It
 * checks that its user follows the contract, and counts operations.
 *
 * Operations are calls of program, erase and sync, numbered from 1 in `operations`. To cut the
 * power in the next but one, set cut_at = operations + 2.
 */

#include "tk_flash.h"

#include <stdbool.h>

/* How a part behaves, beyond its geometry: see tk_flash.h. */
enum tk_sim_part {
    TK_SIM_NOR,    /* some of the bits of a torn unit are programmed */
    TK_SIM_EEPROM, /* the unit is a page; a torn one is noise and may be written again */

    /* STM32L4, G4 (unit 8), H7 (32): most torn units read as an error, the others as their new
     * contents, as some bits, or as erased; those still refuse to be programmed. */
    TK_SIM_ECC,

    TK_SIM_ENCRYPTED, /* ESP32 (16): a torn unit is noise */

    /* The same without the help of a port: erased units read as noise, each as its own. */
    TK_SIM_ENCRYPTED_RAW
};

/* The result of a torn program. Some bits of a unit: as the part has it. */
enum tk_sim_torn_program {
    TK_SIM_PROGRAM_NOTHING,          /* all old */
    TK_SIM_PROGRAM_PREFIX,           /* some units new, the others old */
    TK_SIM_PROGRAM_HALF_UNIT,        /* the same, with some bits of the next unit */
    TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT, /* the last unit old, or with weak cells some of its bits */
    TK_SIM_PROGRAM_SCATTERED,        /* each unit new or old, one of them with some bits */
    TK_SIM_PROGRAM_ALL,              /* all new, but reported as failed */
    TK_SIM_TORN_PROGRAMS
};

/* The result of a torn erase. On an EEPROM all but the last two are PART, with noise in the unit
 * where it stopped. With ECC, half of the units that changed read as an error. */
enum tk_sim_torn_erase {
    TK_SIM_ERASE_PART,  /* 0xFF up to some offset, old from there on */
    TK_SIM_ERASE_NOISY, /* old, with some 0 bits changed to 1 */
    TK_SIM_ERASE_NOISE,
    TK_SIM_ERASE_NOTHING,
    TK_SIM_ERASE_ALL, /* all 0xFF, but reported as failed */
    TK_SIM_TORN_ERASES
};

/* How cells of a torn operation read until they are erased. */
enum tk_sim_weak {
    TK_SIM_WEAK_NEVER,   /* the same every time */
    TK_SIM_WEAK_RESTART, /* differently after each power-on */
    TK_SIM_WEAK_READ     /* differently at each read */
};

/* Bits of tk_sim_flash.worn. */
enum { TK_SIM_NO_ERASE = 1, TK_SIM_NO_PROGRAM = 2 };

struct tk_sim_flash {
    struct tk_flash flash; /* flash.ctx is this struct: it must not move */
    uint8_t *bytes;        /* the contents; a test may read them and flip bits */

    /* set by the test */
    enum tk_sim_part part;
    unsigned erase_again;     /* TK_FLASH_AGAIN results before an erase is done */
    uint64_t fail_at;         /* this operation fails, torn as below; 0: none */
    uint64_t fail_until;      /* and all after it up to this one */
    uint64_t fail_read_at;    /* this read fails */
    uint64_t fail_read_until; /* and all after it up to this one */
    uint32_t unreadable_at;   /* reads of bytes from here on fail */
    uint32_t unreadable_len;  /* so many of them; 0: none */
    uint64_t misread_at;      /* this read returns one wrong bit, as if nothing had happened */
    uint8_t *worn;            /* of each sector: its erases or programs fail, torn as below */
    uint64_t worn_until;      /* up to this operation; 0: for ever */
    uint32_t endurance;       /* erases after which a sector is worn: no erase succeeds; 0: any */
    uint64_t cut_at;          /* the power is cut in this operation */
    enum tk_sim_torn_program torn_program;
    enum tk_sim_torn_erase torn_erase;
    enum tk_sim_weak weak;
    uint64_t random; /* state of the generator that decides how much is torn; not 0 */

    /* read by the test */
    bool off;              /* without power: all calls fail */
    unsigned violations;   /* of the contract */
    const char *violation; /* the last one */
    uint64_t operations, programs, program_bytes, erases, reads, read_bytes;
    uint64_t worn_failures; /* erases and programs that failed because a sector is worn */
    uint32_t *wear;         /* erases of each sector */

    /* private */
    uint8_t *programmed; /* of each unit: programmed since the last erase, completely or torn */
    uint8_t *ecc;        /* of each unit: whether it reads as an error */
    uint8_t *weak_bits;  /* of each byte; with ecc all 0 unless has_weak_bits */
    uint8_t *synced;     /* with a cache: bytes at the last sync; else NULL */
    uint8_t *synced_programmed; /* the same of programmed */
    bool has_weak_bits;
    uint32_t erasing; /* offset of the erase in progress; UINT32_MAX: none */
    unsigned agains;  /* its TK_FLASH_AGAIN results */
};

/* Initializes erased flash with the power on. sync is NULL: completed operations survive. */
void tk_sim_flash_init(struct tk_sim_flash *f, uint32_t sector_size, uint32_t sectors,
                       uint32_t unit);

/* Right after init, if it is not TK_SIM_NOR. */
void tk_sim_flash_set_part(struct tk_sim_flash *f, enum tk_sim_part part);

/* Lets bits of a byte read as 0 or 1 at each read, until they are erased. */
void tk_sim_flash_weaken(struct tk_sim_flash *f, uint32_t at, uint8_t bits);

/* Lets the unit at an offset read as an error until it is erased: always, or now and then. */
void tk_sim_flash_damage(struct tk_sim_flash *f, uint32_t at, bool always);

/* Drops planned failures, worn sectors among them. Marks of torn operations stay. */
void tk_sim_flash_heal(struct tk_sim_flash *f);

void tk_sim_flash_free(struct tk_sim_flash *f);

/* Adds a write cache, right after init: operations survive from flash.sync on, which is an
 * operation too. A power cut may lose any of the cache's lines of TK_SIM_CACHE_LINE bytes. */
enum { TK_SIM_CACHE_LINE = 512 };

void tk_sim_flash_cache(struct tk_sim_flash *f);

/* Turns the power on and cancels the planned cut. */
void tk_sim_flash_power_on(struct tk_sim_flash *f);

/* A copy of the memory, without counters and planned failures. */
struct tk_sim_image {
    uint8_t *bytes, *programmed, *ecc, *weak_bits, *synced, *synced_programmed;
    bool has_weak_bits;
};

/* The image must be zeroed before the first save. restore turns the power on. */
void tk_sim_flash_save(const struct tk_sim_flash *f, struct tk_sim_image *image);
void tk_sim_flash_restore(struct tk_sim_flash *f, const struct tk_sim_image *image);
void tk_sim_image_free(struct tk_sim_image *image);

#endif
