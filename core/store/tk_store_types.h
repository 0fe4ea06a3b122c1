/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_TYPES_H
#define TK_STORE_TYPES_H

/* Types of the store, in a header of their own so that all its files can include them. Users
 * include tk_store.h. */

#include "tk_flash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A build without a device key can leave sealing out with -DTK_STORE_SEALING=0, which saves 1 KB
 * of code. tk_store_open then refuses a seal. */
#ifndef TK_STORE_SEALING
#define TK_STORE_SEALING 1
#endif

/* A build with RAM to spare keeps an index of keys 0 to TK_STORE_INDEX - 1, 12 bytes each: for
 * hundreds of values, which a search would walk over for each key. */
#ifndef TK_STORE_INDEX
#define TK_STORE_INDEX 0
#endif

enum {
    TK_STORE_OK = 0,
    TK_STORE_MISSING = -1,  /* the key has no value */
    TK_STORE_FULL = -2,     /* the values do not fit: the flash, or one commit */
    TK_STORE_FLASH = -3,    /* the flash failed, or the value is corrupt */
    TK_STORE_GEOMETRY = -4, /* unsupported sector size, sector count or write unit */
    TK_STORE_AGAIN = -5,    /* tk_store_prepare only: call it again */
    TK_STORE_SEALED = -6,   /* sealed with another key, sealed but no seal was given, or plaintext
                               but a seal was given */
    TK_STORE_CLOSED = -7,   /* not open: tk_store_close was called */
    TK_STORE_KEY = -8,      /* key 255, one above TK_STORE_KEY_MAX, or one twice in a commit */
    TK_STORE_FOREIGN = -9,  /* the flash holds something else than a store */
    TK_STORE_SHAPE = -10,   /* a store of other sectors or write unit */
    TK_STORE_FORMAT = -11,  /* a store of a newer format */
    TK_STORE_SHORT = -100   /* at or below: the buffer is too small, see tk_store_need */
};

enum { TK_STORE_KEY_MAX = 4079 };

/* Damage met since the store was opened, as bits of tk_store.health. A record that a power cut
 * tore may be reported as TK_STORE_OLDER too. */
enum {
    TK_STORE_CORRECTED = 1, /* a single-bit error was corrected */
    TK_STORE_OLDER = 2,     /* a damaged record was skipped: a value may be its predecessor */
    TK_STORE_CORRUPT = 4,   /* a value is damaged and was not returned */
    TK_STORE_WORN = 8       /* a sector did not erase or program */
};

/* What tk_store_status reports. */
struct tk_store_status {
    uint32_t capacity; /* bytes that all values take at most, each with what is around it */
    uint32_t free;     /* of these; 0 if the store is not open or cannot be read */
    uint32_t largest;  /* bytes of the largest value that an empty store takes */
    uint32_t sectors;
    uint32_t worn;      /* of the first 10, they no longer erase or program, and are passed by; 1 if
                           only others do not */
    uint32_t worn_mask; /* the same: bit i for sector i, of the first 10 */
    uint8_t health;     /* TK_STORE_CORRECTED, ..._OLDER, ..._CORRUPT, ..._WORN */
    const char *word;   /* as tk_store_health */
};

/*
 * Authenticated encryption of records. core/store/tk_seal.h implements it with AES-128-GCM.
 *
 * A record is passed as its head, then its values, in pieces of any length. When it is written this
 * happens twice: first to derive the nonce from both, then to encrypt. So one nonce is never used
 * with two different contents, even when a commit is torn and another is written in its place.
 */
enum { TK_STORE_NONCE = 12, TK_STORE_TAG = 16 };

struct tk_store_seal {
    void *ctx; /* passed to each function */

    /* Begins a record. nonce: NULL to derive one. */
    void (*begin)(void *ctx, const uint8_t *nonce);

    /* Associated data. */
    void (*add_head)(void *ctx, const void *data, size_t len);

    /* Plaintext while a nonce is derived, else ciphertext. */
    void (*add_values)(void *ctx, const void *data, size_t len);

    /* Ends the record: the nonce (its first TK_STORE_NONCE bytes), or the tag. */
    void (*end)(void *ctx, uint8_t out[TK_STORE_TAG]);

    /* Encrypts or decrypts data in place; offset is its position among the record's values. */
    void (*crypt)(void *ctx, const uint8_t nonce[TK_STORE_NONCE], uint32_t offset, void *data,
                  size_t len);

    /* Private to the store. */
    uint32_t offset;                      /* in the values of the record that is written */
    uint8_t nonce[TK_STORE_TAG];          /* its nonce, then its tag */
    uint8_t source_nonce[TK_STORE_NONCE]; /* nonce of the record it is a copy of */
};

/* What the header of a sector says, or a mark. */
struct tk_header {
    uint8_t format;
    bool is_complete;  /* no older sector counts */
    int8_t error;      /* why it is not of this store: TK_STORE_SEALED, _SHAPE, _FORMAT; or 0 */
    uint16_t sectors;  /* of its store */
    uint16_t worn;     /* bit i: sector i, of the first 10, is passed by */
    uint32_t seq;      /* number of the sector */
    uint32_t prev_end; /* end of the records of the sector before, as an offset in that sector */
    uint32_t
        opened_end; /* end of the records that are known to be complete; TK_HEADER_ERASED, ... */
};

#if TK_STORE_INDEX > 0
struct tk_store_index {
    uint32_t seq, oldest; /* it is of these sectors ... */
    uint32_t append_at;   /* ... up to here; 0: of none */
    bool is_whole;        /* the newest one has a header that can be read */
    /* flash offsets of records, 0: none; by key */
    uint32_t newest[TK_STORE_INDEX];   /* that has the key */
    uint32_t last[TK_STORE_INDEX];     /* the same for tk_find_previous, 0 if it deletes the key */
    uint32_t previous[TK_STORE_INDEX]; /* that had it before */
};
#endif

/* Owned by the caller, private to the store. What is small comes first: short instructions reach
 * it. */
struct tk_store {
    const struct tk_flash *flash;
    struct tk_store_seal *seal; /* NULL: plaintext */
    uint8_t health;
    bool unwritten_since_mount; /* what was written last may be marginal */
    bool sector_closed;         /* no record may be appended to the newest sector */
    bool next_erased;           /* the next sector is erased */
    bool next_erasing;          /* its erase has begun and has not ended */
    bool read_failed;           /* the flash refused a read */
    bool needs_rewrite;         /* a value that was read has a wrong bit */
    bool is_marked;       /* the last mark is in force: void it before anything is programmed */
    struct tk_header top; /* of the newest sector; opened_end as a flash offset, without flags.
                             seq 0: the store is blank. sectors: fewer than the flash has until an
                             area is taken over. error: of tk_store_open, 0: open */
    uint32_t oldest;      /* number of the oldest sector that counts, if the ring has it */
    uint32_t append_at;   /* flash offset of the next record */
    uint32_t limit;       /* flash offset of the lowest mark, or the end of the sector */
    uint32_t unsettled; /* flash offset of the last record, if it was written before this mount and
                           may be torn; 0: none */
    uint32_t largest;   /* bytes of the largest record since mount */
    uint32_t headroom;  /* bytes that surely fit, without counting live values again */
    uint32_t bad_bit;   /* number of the one bit known to read wrong; UINT32_MAX: none */
#if TK_STORE_INDEX > 0
    struct tk_store_index index;
#endif
};

/* A position in a sector: a record, and one of its entries. Offsets are flash offsets. */
struct tk_cursor {
    uint32_t seq;      /* number of the sector */
    uint32_t limit;    /* end of its records */
    uint32_t at;       /* start of the record; 0: no record */
    uint32_t end;      /* its end, without padding */
    uint32_t value;    /* start of the entry's value */
    uint8_t heads;     /* of the record */
    uint8_t next_head; /* index of the head after the entry's */
    bool deleted;
    bool is_all;  /* deletes all keys */
    bool is_copy; /* of a record of an earlier sector */
    uint16_t key;
    uint16_t len; /* of the value */
};

/* A value to read. */
struct tk_store_query {
    uint16_t key; /* 0 to TK_STORE_KEY_MAX */
    size_t size;  /* of buf */
    void *buf;
    int len; /* result, as of tk_store_get */
};

/* A value is written as the concatenation of its pieces, so that a caller needs no buffer to join
 * them. */
struct tk_store_piece {
    const void *data;
    uint16_t len;
};

struct tk_store_value {
    uint16_t key;  /* 0 to TK_STORE_KEY_MAX */
    uint8_t count; /* of pieces; 0 deletes the key */
    const struct tk_store_piece *pieces;
};

#endif
