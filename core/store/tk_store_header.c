/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_header.h"

#include <string.h>

enum {
    CRC_AT = 12,                   /* the CRC-32 covers what is before it */
    SHAPE_AT = TK_HEADER_SIZE / 2, /* format, flags, sector size / 16, sectors */
    SHAPE_SIZE = 6,
    WORN_AT = 22,
    FORMAT_BITS = 4, /* below the count of sectors */
    SIZE_STEP = 16,  /* sizes of sectors are given in */
    SIZE_BITS = 0x3fff,
    COMPLETE_BIT = 0x4000,
    SEALED_BIT = 0x8000,
    SHAPE_CHECK_BITS = 13, /* below the unit */
    SHAPE_CHECK = 0x1fff
};

static uint32_t number(const uint8_t *le, int bytes)
{
    uint32_t sum = 0;

    while (bytes-- > 0)
        sum = sum << 8 | le[bytes];
    return sum;
}

static void put_number(uint8_t *le, uint32_t value, int bytes)
{
    for (; bytes-- > 0; value >>= 8)
        *le++ = (uint8_t)value;
}

static uint32_t wrong_bits(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < 8 * len; i++)
        sum += (a[i / 8] ^ b[i / 8]) >> i % 8 & 1;
    return sum;
}

/* --- places --- */

uint32_t tk_header_records(const struct tk_store *s)
{
    return 2 * tk_media_align(s, SHAPE_AT);
}

uint32_t tk_mark_size(const struct tk_store *s)
{
    return tk_header_records(s) + tk_media_align(s, TK_HEADER_USED);
}

/* The first one; the second one of format 1; the first mark. */
uint32_t tk_header_copy(const struct tk_store *s, uint32_t sector, uint32_t copy)
{
    return copy == 0   ? sector
           : copy == 1 ? sector + tk_media_align(s, SHAPE_AT)
                       : sector + s->flash->sector_size - tk_mark_size(s);
}

/* --- writing --- */

static uint32_t crc_of(const uint8_t *bytes, uint32_t seed, size_t len)
{
    return tk_crc_add(tk_crc_add_number(UINT32_MAX, seed, 4), bytes, len);
}

/* What the second half of a header says of its store. */
struct shape {
    uint32_t format, sectors, size, unit; /* unit: its binary logarithm */
    bool is_complete, is_sealed;
};

static struct shape own_shape(const struct tk_store *s, const struct tk_header *h)
{
    struct shape own = {TK_FORMAT, h->sectors,     s->flash->sector_size,
                        0,         h->is_complete, s->seal != NULL};

    while (1u << own.unit < s->flash->unit)
        own.unit++;
    return own;
}

static void put_shape(const struct shape *shape, uint8_t *out)
{
    uint32_t bits = shape->size / SIZE_STEP - 1;
    uint8_t unit = (uint8_t)shape->unit;

    bits |= shape->is_complete ? COMPLETE_BIT : 0;
    bits |= shape->is_sealed ? SEALED_BIT : 0;
    put_number(out, shape->format | shape->sectors << FORMAT_BITS, 2);
    put_number(out + 2, bits, 2);
    bits = tk_crc_add_number(crc_of(out, 0, 4), unit, 1) & SHAPE_CHECK;
    put_number(out + 4, bits | shape->unit << SHAPE_CHECK_BITS, 2);
}

/* The mask of worn sectors, inverted, and its check; or nothing. */
static void put_worn(const struct tk_header *h, uint8_t *out)
{
    put_number(out + WORN_AT, (uint16_t)~h->worn, 2);
    put_number(out + WORN_AT + 2, h->worn == 0 ? UINT16_MAX : crc_of(out + WORN_AT, h->seq, 2), 2);
}

/* The tag: the bytes after a number that no sector has, authenticated like a record's nonce. */
static void put_tag(const struct tk_store *s, uint8_t bytes[TK_HEADER_SIZE])
{
    static const uint8_t none[4];
    uint8_t tag[TK_STORE_TAG];

    s->seal->begin(s->seal->ctx, NULL);
    s->seal->add_head(s->seal->ctx, none, sizeof none);
    s->seal->add_head(s->seal->ctx, bytes, TK_HEADER_WORN);
    s->seal->end(s->seal->ctx, tag);
    memcpy(bytes + TK_HEADER_WORN, tag, TK_HEADER_SIZE - TK_HEADER_WORN);
}

uint32_t tk_header_bytes(const struct tk_store *s, const struct tk_header *h,
                         uint8_t out[TK_HEADER_SIZE])
{
    struct shape own = own_shape(s, h);

    put_number(out, h->seq, 4);
    put_number(out + 4, h->prev_end, 4);
    put_number(out + 8, h->opened_end | h->flags, 4);
    put_number(out + CRC_AT, ~crc_of(out, TK_CRC_SEALED, CRC_AT), 4);
    put_shape(&own, out + SHAPE_AT);
    put_worn(h, out);
    if (tk_is_sealed(s))
        put_tag(s, out);
    return (tk_is_sealed(s) ? TK_HEADER_SIZE : h->worn != 0 ? TK_HEADER_WORN : WORN_AT) - SHAPE_AT;
}

/* --- reading --- */

/* Corrects one wrong bit in what the CRC-32 covers. A header only states what was true before it
 * was programmed, so that is safe where it was torn, too. */
static bool has_crc(struct tk_store *s, uint8_t *bytes, uint32_t seed)
{
    uint32_t syndrome = crc_of(bytes, seed, SHAPE_AT) ^ TK_CRC_RESIDUE;
    uint32_t bit = 8 * SHAPE_AT - tk_crc_wrong_bit(syndrome, 8 * SHAPE_AT);

    if (syndrome == 0 || bit == 8 * SHAPE_AT)
        return syndrome == 0;
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    s->health |= TK_STORE_CORRECTED;
    return true;
}

/* Reads format and shape, which must be those of a store that has its sector with this number here.
 * With one wrong bit the check is that of one set of bits only. */
static bool read_shape(const uint8_t *bytes, uint32_t at, struct shape *shape)
{
    uint32_t first = number(bytes + SHAPE_AT, 2), second = number(bytes + SHAPE_AT + 2, 2);
    uint8_t again[SHAPE_SIZE];

    *shape = (struct shape){.format = first & ((1u << FORMAT_BITS) - 1),
                            .sectors = first >> FORMAT_BITS,
                            .size = ((second & SIZE_BITS) + 1) * SIZE_STEP,
                            .unit = bytes[SHAPE_AT + 5] >> 5,
                            .is_complete = (second & COMPLETE_BIT) != 0,
                            .is_sealed = (second & SEALED_BIT) != 0};
    put_shape(shape, again);
    return memcmp(again, bytes + SHAPE_AT, SHAPE_SIZE) == 0 && shape->format >= TK_FORMAT &&
           shape->sectors >= 2 && number(bytes, 4) % shape->sectors == at / shape->size;
}

static bool has_shape(struct tk_store *s, uint8_t *bytes, uint32_t at, struct shape *shape)
{
    if (read_shape(bytes, at, shape))
        return true;
    for (uint32_t bit = 0; bit < 8 * SHAPE_SIZE; bit++) {
        bytes[SHAPE_AT + bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (read_shape(bytes, at, shape)) {
            s->health |= TK_STORE_CORRECTED;
            return true;
        }
        bytes[SHAPE_AT + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    return false;
}

/* Format 1 has the same bytes once more there, or torn with some bits still 1, or nothing. */
static bool is_format_1(const uint8_t *bytes)
{
    for (uint32_t i = 0; i < SHAPE_AT; i++) {
        if ((bytes[i] & ~bytes[SHAPE_AT + i]) != 0)
            return false;
    }
    return true;
}

/* Finds the mask with which the bytes differ in at most one bit from what is written for it. */
static bool read_worn(const uint8_t *bytes, struct tk_header *h)
{
    uint8_t own[TK_HEADER_SIZE];
    uint32_t raw = (uint16_t)~number(bytes + WORN_AT, 2);

    for (uint32_t i = 0; i <= 17; i++) {
        h->worn = (uint16_t)(i == 0 ? 0 : i == 1 ? raw : raw ^ 1u << (i - 2));
        put_worn(h, own);
        if (wrong_bits(own + WORN_AT, bytes + WORN_AT, 4) <= 1)
            return true;
    }
    return false;
}

/* Where the tag differs in more than a bit, the key is another. */
static bool has_tag(const struct tk_store *s, const struct tk_header *h, const uint8_t *bytes)
{
    uint8_t own[TK_HEADER_SIZE];

    if (!tk_is_sealed(s))
        return true;
    (void)tk_header_bytes(s, h, own);
    return wrong_bits(own + TK_HEADER_WORN, bytes + TK_HEADER_WORN,
                      TK_HEADER_SIZE - TK_HEADER_WORN) <= 1;
}

/* Whether a store with this shape is ours, or one that is taken over: it has fewer sectors. */
static int error_of_shape(const struct tk_store *s, struct tk_header *h, const struct shape *shape,
                          const uint8_t *bytes)
{
    struct shape own;

    h->sectors = (uint16_t)shape->sectors;
    h->is_complete = shape->is_complete;
    h->format = TK_FORMAT;
    own = own_shape(s, h);
    if (shape->format != TK_FORMAT)
        return TK_STORE_FORMAT;
    if (shape->is_sealed != own.is_sealed)
        return TK_STORE_SEALED;
    if (shape->size != own.size || shape->unit != own.unit || shape->sectors > s->flash->sectors)
        return TK_STORE_SHAPE;
    return !read_worn(bytes, h) ? TK_STORE_MISSING : has_tag(s, h, bytes) ? 0 : TK_STORE_SEALED;
}

/* TK_STORE_MISSING: not a header after all. */
static int error_of(struct tk_store *s, struct tk_header *h, uint8_t *bytes, uint32_t at)
{
    struct shape shape;
    bool is_sealed = s->seal != NULL;

    if (h->has_sealed_crc && has_shape(s, bytes, at, &shape))
        return error_of_shape(s, h, &shape, bytes);
    if (h->has_sealed_crc && !is_format_1(bytes)) {
        s->health |= TK_STORE_OLDER;
        return TK_STORE_MISSING;
    }
    h->format = 1;
    h->sectors = s->ring;
    if (h->has_sealed_crc != is_sealed)
        return TK_STORE_SEALED;
    return h->seq % h->sectors == at / s->flash->sector_size ? 0 : TK_STORE_SHAPE;
}

bool tk_header_at(struct tk_store *s, uint32_t at, struct tk_header *h)
{
    uint8_t bytes[TK_HEADER_SIZE];
    uint32_t size = s->flash->sector_size;
    bool sealed;

    tk_media_read(s, at, bytes, SHAPE_AT);
    tk_media_read(s, at + tk_media_align(s, SHAPE_AT), bytes + SHAPE_AT, SHAPE_AT);
    sealed = has_crc(s, bytes, TK_CRC_SEALED);
    if (!sealed && !has_crc(s, bytes, 0))
        return false;
    memset(h, 0, sizeof *h);
    h->seq = number(bytes, 4);
    h->prev_end = number(bytes + 4, 4);
    h->flags = number(bytes + 8, 4) & (TK_HEADER_ERASED | TK_HEADER_OPEN);
    h->opened_end = number(bytes + 8, 4) & ~(TK_HEADER_ERASED | TK_HEADER_OPEN);
    h->has_sealed_crc = sealed;
    h->error = error_of(s, h, bytes, at);
    return h->seq != 0 && h->seq <= TK_HEADER_NUMBERS && h->error != TK_STORE_MISSING &&
           (h->error != 0 || (h->prev_end <= size && h->opened_end <= size));
}

bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h)
{
    uint32_t sector = tk_media_sector(s, seq);

    for (uint32_t i = 0; i < TK_HEADER_COPIES; i++) {
        if (tk_header_at(s, tk_header_copy(s, sector, i), h) && h->error == 0 &&
            h->format == s->format && h->sectors == s->ring)
            return true;
    }
    return false;
}

/* --- marks --- */

bool tk_marks_read(struct tk_store *s, uint32_t *flags)
{
    uint32_t sector = tk_media_sector(s, s->seq), size = tk_mark_size(s), at;
    struct tk_header h;
    bool found = false;

    s->limit = tk_media_sector_end(s, s->seq);
    while (s->format == TK_FORMAT) {
        at = s->limit - size;
        if (at < sector + s->opened_end || !tk_header_at(s, at, &h) || h.error != 0 ||
            h.format != TK_FORMAT || h.seq != s->seq)
            break;
        s->limit = at;
        s->opened_end = h.opened_end > s->opened_end ? h.opened_end : s->opened_end;
        s->is_marked =
            tk_media_is_blank(s, at + size - tk_media_align(s, TK_HEADER_USED), at + size);
        *flags = h.flags;
        found = true;
    }
    return found;
}
