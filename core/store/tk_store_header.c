/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_header.h"

enum { SEQ, PREV_END, OPENED_END, CRC, SHAPE, CHECK, WORN, TAG }; /* the words */

enum {
    FORMAT_BITS = 4,   /* of SHAPE: the format */
    SECTORS_BITS = 12, /* the count of sectors */
    SIZE_AT = 16,      /* from there the size of a sector in steps, less 1 */
    SIZE_BITS = 14,
    SIZE_STEP = 16,
    UNIT_AT = 13,   /* of CHECK: from there the binary logarithm of the unit */
    CHECK_BITS = 16 /* bits of CHECK that are not of the tag */
};

#define COMPLETE 0x40000000u /* of SHAPE: no older sector counts */
#define SEALED   0x80000000u
#define NUMBERS  0x7fffffffu /* numbers of sectors are at most this */

uint32_t tk_bits_of(uint32_t word)
{
    uint32_t sum = 0;

    for (; word != 0; word &= word - 1)
        sum++;
    return sum;
}

static uint32_t crc_of(const uint32_t *words, uint32_t seed, int count)
{
    uint32_t crc = tk_crc_add_number(UINT32_MAX, seed, 4);

    while (count-- > 0)
        crc = tk_crc_add_number(crc, *words++, 4);
    return crc;
}

/* --- places --- */

uint32_t tk_header_records(const struct tk_store *s)
{
    return 2 * tk_media_align(s, TK_HEADER_HALF);
}

uint32_t tk_mark_size(const struct tk_store *s)
{
    return tk_header_records(s) + tk_media_align(s, TK_MARK_VOID);
}

/* --- writing --- */

/* The lower half of CHECK: 13 bits of a CRC over SHAPE and the unit. */
static uint32_t check_of(uint32_t shape, uint32_t unit)
{
    return (tk_crc_add_number(crc_of(&shape, 0, 1), unit, 1) & ((1u << UNIT_AT) - 1)) |
           unit << UNIT_AT;
}

static uint32_t unit_of(const struct tk_store *s)
{
    uint32_t unit = 0;

    while (1u << unit < s->flash->unit)
        unit++;
    return unit;
}

/* The tag authenticates what is before it, after a number that no record has. */
static void put_tag(const struct tk_store *s, uint32_t *words)
{
    uint8_t tag[TK_STORE_TAG] = {0};
    uint32_t check = words[CHECK];

    words[TAG] = 0;
    s->seal->begin(s->seal->ctx, NULL);
    s->seal->add_head(s->seal->ctx, tag, 4);
    for (int i = 0; i < TAG; i++) {
        for (int j = 0; j < 4; j++)
            tag[j] = (uint8_t)(words[i] >> 8 * j);
        s->seal->add_head(s->seal->ctx, tag, i == CHECK ? 2 : 4);
    }
    s->seal->end(s->seal->ctx, tag);
    for (int j = 0; j < 4; j++)
        words[TAG] |= (uint32_t)tag[j] << 8 * j;
    words[CHECK] = (check & 0xffff) | (uint32_t)tag[4] << 16 | (uint32_t)tag[5] << 24;
}

uint32_t tk_header_words(const struct tk_store *s, const struct tk_header *h,
                         uint32_t out[TK_HEADER_WORDS])
{
    uint32_t worn = h->worn;

    out[SEQ] = h->seq;
    out[PREV_END] = h->prev_end;
    out[OPENED_END] = h->opened_end;
    out[CRC] = ~crc_of(out, TK_CRC_HEADER, CRC);
    out[SHAPE] = TK_FORMAT | (uint32_t)h->sectors << FORMAT_BITS |
                 (s->flash->sector_size / SIZE_STEP - 1) << SIZE_AT |
                 (h->is_complete ? COMPLETE : 0) | (s->seal != NULL ? SEALED : 0);
    out[CHECK] = check_of(out[SHAPE], unit_of(s));
    out[WORN] = ~(worn | worn << TK_WORN_PLACES | worn << 2 * TK_WORN_PLACES);
    if (tk_is_sealed(s))
        put_tag(s, out);
    return tk_is_sealed(s) ? TK_HEADER_HALF : worn != 0 ? 12 : 6;
}

/* --- reading --- */

/* Corrects one wrong bit in what the CRC-32 covers. A header only states what was true before it
 * was programmed, so that is safe where it was torn, too. */
static bool has_crc(struct tk_store *s, uint32_t *words, uint32_t seed)
{
    uint32_t syndrome = crc_of(words, seed, CRC + 1) ^ TK_CRC_RESIDUE;
    uint32_t bit = 8 * TK_HEADER_HALF - tk_crc_wrong_bit(syndrome, 8 * TK_HEADER_HALF);

    if (bit == 8 * TK_HEADER_HALF)
        return syndrome == 0;
    words[bit / 32] ^= (uint32_t)1 << bit % 32;
    s->health |= TK_STORE_CORRECTED;
    return true;
}

/* Whether the second half has a shape, of a store that has its sector with this number here. */
static bool is_shape(const uint32_t *words, uint32_t at)
{
    uint32_t shape = words[SHAPE], sectors = shape >> FORMAT_BITS & ((1u << SECTORS_BITS) - 1);
    uint32_t size = ((shape >> SIZE_AT & ((1u << SIZE_BITS) - 1)) + 1) * SIZE_STEP;

    return check_of(shape, words[CHECK] >> UNIT_AT & 7) == (words[CHECK] & 0xffff) &&
           sectors >= 2 && words[SEQ] % sectors == at / size;
}

/* The same with one bit corrected. */
static bool has_shape(uint32_t *words, uint32_t at)
{
    bool good = is_shape(words, at);

    for (uint32_t bit = 0; bit < 32 + CHECK_BITS && !good; bit++) {
        words[SHAPE + bit / 32] ^= (uint32_t)1 << bit % 32;
        good = is_shape(words, at);
        words[SHAPE + bit / 32] ^= good ? 0 : (uint32_t)1 << bit % 32;
    }
    return good;
}

/* Format 1 has the first half once more there; or, if is_torn, some bits of it are still 1, or all:
 * what is blank has no shape. */
static bool is_format_1(const uint32_t *words, bool is_torn)
{
    uint32_t wrong = 0;

    for (int i = 0; i < SHAPE; i++)
        wrong |= is_torn ? words[i] & ~words[SHAPE + i] : words[i] ^ words[SHAPE + i];
    return wrong == 0;
}

/* Three copies decide by majority, which corrects one wrong bit. With more the word cannot be read:
 * then no sector is passed by until it fails again. */
static uint16_t worn_of(uint32_t word)
{
    uint32_t a = ~word, b = a >> TK_WORN_PLACES, c = b >> TK_WORN_PLACES;
    uint32_t worn = ((a & b) | (b & c) | (a & c)) & ((1u << TK_WORN_PLACES) - 1);
    uint32_t thrice = worn | worn << TK_WORN_PLACES | worn << 2 * TK_WORN_PLACES;

    return tk_bits_of(a ^ thrice) <= 1 ? (uint16_t)worn : 0;
}

/* Where the tag differs in more than a bit, the key is another. */
static bool has_tag(const struct tk_store *s, const struct tk_header *h, const uint32_t *words)
{
    uint32_t own[TK_HEADER_WORDS];

    (void)tk_header_words(s, h, own);
    return tk_bits_of(own[TAG] ^ words[TAG]) + tk_bits_of((own[CHECK] ^ words[CHECK]) >> 16) <= 1;
}

/* Whether a store with this shape is ours, or one that is taken over: it has fewer sectors. */
static int error_of_shape(const struct tk_store *s, struct tk_header *h, const uint32_t *words)
{
    uint32_t shape = words[SHAPE], unit = words[CHECK] >> UNIT_AT & 7;

    h->sectors = (uint16_t)(shape >> FORMAT_BITS & ((1u << SECTORS_BITS) - 1));
    h->is_complete = (shape & COMPLETE) != 0;
    h->worn = worn_of(words[WORN]);
    h->format = TK_FORMAT;
    if ((shape & ((1u << FORMAT_BITS) - 1)) != TK_FORMAT)
        return TK_STORE_FORMAT;
    if (((shape & SEALED) != 0) != (s->seal != NULL))
        return TK_STORE_SEALED;
    if ((shape >> SIZE_AT & ((1u << SIZE_BITS) - 1)) != s->flash->sector_size / SIZE_STEP - 1 ||
        unit_of(s) != unit || h->sectors > s->flash->sectors)
        return TK_STORE_SHAPE;
    return tk_is_sealed(s) && !has_tag(s, h, words) ? TK_STORE_SEALED : TK_STORE_OK;
}

/* has_seed: the CRC-32 is of TK_CRC_HEADER. TK_STORE_MISSING: not a header after all. */
static int error_of(const struct tk_store *s, struct tk_header *h, uint32_t *words, uint32_t at,
                    bool has_seed)
{
    bool is_sealed = s->seal != NULL;

    h->format = 1;
    h->sectors = s->top.sectors;
    h->is_complete = false;
    h->worn = 0;
    if (has_seed && !is_format_1(words, false)) {
        if (has_shape(words, at))
            return error_of_shape(s, h, words);
        if (!is_format_1(words, true))
            return TK_STORE_MISSING;
    }
    return has_seed == is_sealed ? TK_STORE_OK : TK_STORE_SEALED;
}

bool tk_header_at(struct tk_store *s, uint32_t at, struct tk_header *h)
{
    uint32_t words[TK_HEADER_WORDS], half = tk_media_align(s, TK_HEADER_HALF);
    bool has_seed;

    for (uint32_t i = 0; i < TK_HEADER_WORDS; i++)
        words[i] = tk_media_number(s, at + (i < SHAPE ? 0 : half) + i % SHAPE * 4, 4);
    has_seed = has_crc(s, words, TK_CRC_HEADER);
    if (!has_seed && !has_crc(s, words, 0))
        return false;
    h->seq = words[SEQ];
    h->prev_end = words[PREV_END];
    h->opened_end = words[OPENED_END];
    h->error = (int8_t)error_of(s, h, words, at, has_seed);
    return h->seq != 0 && h->seq <= NUMBERS && h->error != TK_STORE_MISSING &&
           h->prev_end <= s->flash->sector_size &&
           (h->opened_end & TK_HEADER_OFFSET) <= s->flash->sector_size;
}

/* The header itself; the second one of format 1; the first mark. */
bool tk_header_copy(struct tk_store *s, uint32_t sector, uint32_t copy, struct tk_header *h)
{
    return tk_header_at(s,
                        copy == 0   ? sector
                        : copy == 1 ? sector + tk_media_align(s, TK_HEADER_HALF)
                                    : sector + s->flash->sector_size - tk_mark_size(s),
                        h);
}

bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h)
{
    uint32_t sector = tk_media_sector(s, seq);

    for (uint32_t i = 0; i < TK_HEADER_COPIES; i++) {
        if (tk_header_copy(s, sector, i, h) && h->error == 0 && h->seq == seq &&
            h->format == s->top.format && h->sectors == s->top.sectors)
            return true;
    }
    return false;
}

/* --- marks --- */

uint32_t tk_marks_read(struct tk_store *s)
{
    uint32_t size = tk_mark_size(s), last = 0;
    struct tk_header h;

    s->limit = tk_media_sector(s, s->top.seq) + s->flash->sector_size;
    while (s->limit - size >= s->top.opened_end && tk_header_at(s, s->limit - size, &h) &&
           h.error == 0 && h.format == TK_FORMAT && h.seq == s->top.seq) {
        s->limit -= size;
        last = h.opened_end;
        s->top.opened_end = tk_media_sector(s, s->top.seq) + (last & TK_HEADER_OFFSET);
        s->is_marked = tk_media_number(s, s->limit + tk_header_records(s), 4) == UINT32_MAX;
    }
    return last;
}
