/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include <string.h>

enum { ERASE_MS = 10000 };

static bool holds(const suite *c, uint32_t at, uint32_t len, bool blank)
{
    const struct tk_flash *f = c->scratch;
    uint8_t buf[64];

    for (uint32_t end = at + len; at < end;) {
        uint32_t n = end - at < sizeof buf ? end - at : sizeof buf;

        if (f->read(f->ctx, at, buf, n) != TK_FLASH_OK)
            return false;
        for (uint32_t i = 0; i < n; i++) {
            if (buf[i] != (blank ? 0xff : tk_suite_pattern(at + i)))
                return false;
        }
        at += n;
    }
    return true;
}

static bool is_blank(const suite *c, uint32_t at, uint32_t len)
{
    return holds(c, at, len, true);
}

static bool is_pattern(const suite *c, uint32_t at, uint32_t len)
{
    return holds(c, at, len, false);
}

/* One call of program; len is at most 512. flip: bits that differ from the pattern. */
static bool program_flipped(const suite *c, uint32_t at, uint32_t len, uint8_t flip)
{
    const struct tk_flash *f = c->scratch;
    uint8_t data[512];

    for (uint32_t i = 0; i < len; i++)
        data[i] = tk_suite_pattern(at + i) ^ flip;
    return f->program(f->ctx, at, data, len) == TK_FLASH_OK;
}

static bool program(const suite *c, uint32_t at, uint32_t len)
{
    return program_flipped(c, at, len, 0);
}

/* longest_ms: raised to the duration of the longest call; may be NULL. */
static bool erase(const suite *c, uint32_t sector, uint64_t *longest_ms)
{
    const struct tk_flash *f = c->scratch;
    uint64_t deadline_ms = tk_suite_now(c) + ERASE_MS;
    int ret;

    do {
        uint64_t start_ms = tk_suite_now(c);

        ret = f->erase(f->ctx, sector * f->sector_size);
        if (longest_ms != NULL && tk_suite_since(c, start_ms) > *longest_ms)
            *longest_ms = tk_suite_since(c, start_ms);
    } while (ret == TK_FLASH_AGAIN && tk_suite_wait_step(c, deadline_ms));
    return ret == TK_FLASH_OK;
}

static uint32_t whole_units(const suite *c, uint32_t len)
{
    uint32_t unit = c->scratch->unit;

    return (len + unit - 1) / unit * unit;
}

static const char *flash_geometry(const suite *c)
{
    const struct tk_flash *f = c->scratch;

    if (f->unit < 1 || f->unit > 256)
        return TK_RULE("tk_flash.h", "alignment and granularity of program in bytes: 1 to 256");
    if (f->sector_size < 1024 || f->sector_size > 262144 || f->sector_size % f->unit != 0)
        return TK_RULE("tk_flash.h",
                       "bytes that an erase clears: 1 KB to 256 KB, a multiple of unit");
    return f->sectors >= 2 ? NULL : TK_RULE("tk_flash.h", "2 or more");
}

/* Erases a sector that is programmed at its beginning, in its middle and at its end. */
static const char *flash_erase(const suite *c)
{
    uint32_t size = c->scratch->sector_size;
    uint32_t unit = c->scratch->unit;

    for (uint32_t sector = 0; sector < 2; sector++) {
        uint32_t at = sector * size;
        bool ok = erase(c, sector, NULL) && program(c, at, unit) &&
                  program(c, at + size / 2 / unit * unit, unit) &&
                  program(c, at + size - unit, unit) && erase(c, sector, NULL);

        if (!ok || !is_blank(c, at, size))
            return TK_RULE("tk_flash.h", "erase sets every byte of one sector to 0xFF");
    }
    return NULL;
}

static const char *flash_erase_steps(const suite *c)
{
    uint64_t least_ms = UINT64_MAX;

    for (int i = 0; i < 3; i++) {
        uint64_t longest_ms = 0;

        if (!erase(c, 0, &longest_ms))
            return TK_RULE("tk_flash.h", "a longer erase returns TK_FLASH_AGAIN until it is done");
        if (longest_ms < least_ms)
            least_ms = longest_ms;
    }
    return least_ms <= LATE_MS + 1 ? NULL : TK_RULE("tk_flash.h", "one call takes at most 10 ms");
}

/* Programs units 0 and 2, then unit 1; unit 3 stays blank. */
static const char *flash_unit(const suite *c)
{
    uint32_t unit = c->scratch->unit;

    if (!erase(c, 0, NULL) || !program(c, 0, unit) || !program(c, 2 * unit, unit))
        return TK_RULE("tk_flash.h", "offset and len are multiples of unit");
    if (!is_blank(c, unit, unit) || !is_blank(c, 3 * unit, unit))
        return TK_RULE("tk_flash.h", "units outside the range stay as they were");
    if (!program(c, unit, unit) || !is_pattern(c, 0, 3 * unit) || !is_blank(c, 3 * unit, unit))
        return TK_RULE("tk_flash.h", "program changes 1 bits to 0 bits, in whole units");
    return NULL;
}

/* Most chips have pages of 256 bytes: a program that crosses a page wraps around to its beginning,
 * unless the driver splits it. */
static const char *flash_page(const suite *c)
{
    uint32_t unit = c->scratch->unit;
    uint32_t at = 255 / unit * unit;
    uint32_t len = unit < 64 ? whole_units(c, 64) : 2 * unit;

    if (!erase(c, 0, NULL) || !program(c, at, len) || !is_pattern(c, at, len))
        return TK_RULE("tk_flash.h", "programs len bytes");
    return is_blank(c, 0, at) && is_blank(c, at + len, 256)
               ? NULL
               : TK_RULE("tk_flash.h", "units outside the range stay as they were");
}

/* Programs both ends of every sector, then erases one sector. */
static const char *flash_sectors(const suite *c)
{
    const struct tk_flash *f = c->scratch;
    uint32_t size = f->sector_size;
    uint32_t mark = whole_units(c, 8);
    bool ok = true;

    for (uint32_t i = 0; i < f->sectors && ok; i++)
        ok = erase(c, i, NULL);
    for (uint32_t i = 0; i < f->sectors && ok; i++)
        ok = program(c, i * size, mark) && program(c, (i + 1) * size - mark, mark);
    for (uint32_t i = 0; i < f->sectors && ok; i++)
        ok = is_pattern(c, i * size, mark) && is_pattern(c, (i + 1) * size - mark, mark);
    if (!ok)
        return TK_RULE("tk_flash.h", "offsets are bytes from the beginning of the area");
    ok = erase(c, 1, NULL) && is_pattern(c, size - mark, mark) &&
         (f->sectors == 2 || is_pattern(c, 2 * size, mark));
    return ok ? NULL : TK_RULE("tk_flash.h", "erase sets every byte of one sector to 0xFF");
}

/* Reads across a sector boundary, at all alignments and lengths. */
static const char *flash_read(const suite *c)
{
    const struct tk_flash *f = c->scratch;
    uint32_t mark = whole_units(c, 16);
    uint32_t begin = f->sector_size - 8;
    uint8_t buf[32];

    if (!erase(c, 0, NULL) || !erase(c, 1, NULL) || !program(c, f->sector_size - mark, mark) ||
        !program(c, f->sector_size, mark))
        return TK_RULE("tk_flash.h", "programs len bytes");
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t len = 16 - i;

        memset(buf, GUARD, sizeof buf);
        if (f->read(f->ctx, begin + i, buf + 8, len) != TK_FLASH_OK)
            return TK_RULE("tk_flash.h", "reads any len at any offset inside the area");
        for (uint32_t k = 0; k < len; k++) {
            if (buf[8 + k] != tk_suite_pattern(begin + i + k))
                return TK_RULE("tk_flash.h", "reads any len at any offset inside the area");
        }
        if (!tk_suite_is_all(buf, GUARD, 8) ||
            !tk_suite_is_all(buf + 8 + len, GUARD, sizeof buf - 8 - len))
            return TK_RULE("tk_flash.h", "reads any len at any offset inside the area");
    }
    return NULL;
}

/* Programs unit 1 twice. With ECC it is unreadable from then on, and a port that does not handle
 * the exception stops here; the erase makes it whole. */
static const char *flash_twice(const suite *c)
{
    uint32_t unit = c->scratch->unit;

    if (!erase(c, 0, NULL) || !program(c, 0, unit) || !program(c, unit, unit) ||
        !program(c, 2 * unit, unit))
        return TK_RULE("tk_flash.h", "programs len bytes");
    (void)program_flipped(c, unit, unit, 0xff);
    (void)is_pattern(c, unit, unit);
    if (!is_pattern(c, 0, unit) || !is_pattern(c, 2 * unit, unit) || !is_blank(c, 3 * unit, unit))
        return TK_RULE("tk_flash.h", "units outside the range stay as they were");
    if (!erase(c, 0, NULL) || !is_blank(c, 0, 4 * unit) || !program(c, unit, unit) ||
        !is_pattern(c, unit, unit))
        return TK_RULE("tk_flash.h", "erases the sector that begins at offset, whatever it holds");
    return NULL;
}

static const char *flash_sync(const suite *c)
{
    const struct tk_flash *f = c->scratch;

    return f->sync == NULL || f->sync(f->ctx) == TK_FLASH_OK
               ? NULL
               : TK_RULE("tk_flash.h",
                         "makes all calls so far survive a power cut before it returns");
}

void tk_suite_flash(struct tk_suite_tally *t)
{
    static const struct tk_suite_check geometry[] = {{"flash.geometry", flash_geometry}};
    static const struct tk_suite_check checks[] = {
        {"flash.erase", flash_erase},     {"flash.erase_steps", flash_erase_steps},
        {"flash.unit", flash_unit},       {"flash.page", flash_page},
        {"flash.sectors", flash_sectors}, {"flash.read", flash_read},
        {"flash.twice", flash_twice},     {"flash.sync", flash_sync},
    };
    const char *missing = t->c->scratch == NULL ? "no scratch flash" : NULL;
    int failures = t->failures;

    TK_SUITE_RUN(t, geometry, missing);
    if (t->failures > failures)
        missing = "invalid geometry";
    TK_SUITE_RUN(t, checks, missing);
}

int tk_conformance_run_flash(const struct tk_conformance *c)
{
    struct tk_suite_tally t = {c, 0, NULL};

    tk_suite_flash(&t);
    return t.failures;
}
