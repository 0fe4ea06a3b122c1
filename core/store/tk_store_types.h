/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_TYPES_H
#define TK_STORE_TYPES_H

/* Types of tk_store. Include tk_store.h. */

#include "tk_flash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_STORE_OK = 0,
    TK_STORE_MISSING = -1,  /* no such value */
    TK_STORE_FULL = -2,     /* the values do not fit the flash, or a value its buffer */
    TK_STORE_FLASH = -3,    /* the memory failed; the store holds what it held before */
    TK_STORE_GEOMETRY = -4, /* no store fits a memory of this shape */
    TK_STORE_AGAIN = -5,    /* tk_store_prepare: there is more to do */
    TK_STORE_SEALED = -6    /* sealed with another key, or where none is given, or the other way */
};

/* What was met on the flash, as bits of tk_store.health; a cut may look like the second. */
enum {
    TK_STORE_CORRECTED = 1, /* one wrong bit, put right */
    TK_STORE_OLDER = 2,     /* a record is damaged: a value may be the one before it */
    TK_STORE_CORRUPT = 4    /* a value is damaged, and was not given out */
};

/* How records are sealed, so that who reads the memory learns nothing and can change nothing. A
 * record is told as head, then values; its nonce is made of both, so that none is ever used for two
 * different contents, cut or not. core/store/tk_seal.h is one. */
enum { TK_STORE_NONCE = 12, TK_STORE_TAG = 16 };

struct tk_store_seal {
    void *ctx; /* handed back to each function */
    /* nonce: NULL to make one. */
    void (*begin)(void *ctx, const uint8_t *nonce);
    void (*head)(void *ctx, const void *data, size_t len);
    /* Plain to make a nonce, else as crypt left them. */
    void (*values)(void *ctx, const void *data, size_t len);
    /* The nonce, or the tag of what was told. */
    void (*end)(void *ctx, uint8_t out[TK_STORE_TAG]);
    /* Seals or opens in place what stands at this offset among the values. */
    void (*crypt)(void *ctx, const uint8_t nonce[TK_STORE_NONCE], uint32_t offset, void *data,
                  size_t len);

    /* Inside: of the record that is written, and the nonce of the one that it is a copy of. */
    uint32_t offset;
    uint8_t nonce[TK_STORE_TAG];
    uint8_t from[TK_STORE_NONCE];
};

struct tk_store {
    const struct tk_flash *flash;
    struct tk_store_seal *seal; /* NULL: records are not sealed */
    uint32_t seq;               /* number of the newest sector; 0: blank */
    uint32_t end, opened;       /* what its header says */
    uint32_t at;                /* offset in the memory: where its next record goes */
    uint32_t last;  /* its newest record, where a start found one that was appended; 0: none */
    uint32_t size;  /* of the largest commit since the start */
    uint32_t room;  /* what may still be added without counting all that is alive */
    uint32_t fix;   /* the one bit that is known to read wrong; UINT32_MAX: none is */
    int8_t refused; /* why it could not be opened; 0: it was */
    bool fresh;     /* nothing was written since the start */
    bool closed;    /* nothing may be appended to the sector */
    bool erased;    /* the next sector is, */
    bool erasing;   /* or is being erased */
    bool unread;    /* the memory refused a read */
    bool wounded;   /* a value was read that has a wrong bit */
    uint8_t health;
};

/* A place in a sector: a record, and one of its entries. Offsets are those in the memory. */
struct tk_cursor {
    uint32_t seq;      /* of the sector */
    uint32_t limit;    /* its records end there */
    uint32_t at;       /* where the record begins; 0: there is none */
    uint32_t end;      /* where it ends, without what fills its last unit */
    uint32_t value;    /* where the entry's value is */
    uint16_t len;      /* of the value */
    uint16_t first[4]; /* heads of the record */
    uint8_t heads;     /* of the record */
    uint8_t next;      /* head behind those of the entry */
    uint8_t key;
    bool deleted;
    bool moved;
};

/* A value that is asked for. */
struct tk_store_want {
    uint8_t key;
    size_t size; /* of buf */
    void *buf;
    int len;                /* the answer, as of tk_store_get */
    struct tk_cursor found; /* inside */
};

/* A value is the concatenation of its pieces, so that a caller needs no buffer to join them. */
struct tk_store_piece {
    const void *data;
    uint16_t len;
};

struct tk_store_value {
    uint8_t key;   /* 0 to 254 */
    uint8_t count; /* of pieces; 0 deletes the key */
    const struct tk_store_piece *pieces;
};

#endif
