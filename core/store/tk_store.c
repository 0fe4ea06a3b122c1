/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store.h"

#include "tk_store_plan.h"
#include "tk_store_read.h"
#include "tk_store_walk.h"
#include "tk_store_write.h"

#include <string.h>

/* --- opening --- */

static bool is_good_geometry(const struct tk_flash *f)
{
    return f->unit >= 1 && TK_BOUNCE % f->unit == 0 && f->sectors >= 2 && f->sector_size >= 1024 &&
           f->sector_size <= 262144 && f->sector_size % f->unit == 0;
}

/* Finds the end of the newest sector. Only what stands last may have been cut. */
static void stand(struct tk_store *s)
{
    uint32_t opened = tk_store_sector(s, s->seq) + s->opened;
    uint32_t before, start, end; /* the last record, and where the one before it begins */
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->seq);
    for (before = start = end = c.end; tk_cursor_record(s, &c); end = c.end) {
        before = start;
        start = tk_store_align(s, end);
    }
    c.end = start;
    if (end > opened && !(tk_cursor_record(s, &c) && tk_record_is_whole(s, &c))) {
        /* where its seal was not begun it was cut, else it may also be damaged */
        s->health |= tk_store_number(s, end - 4, 4) == UINT32_MAX ? 0 : TK_STORE_OLDER;
        end = start;
        start = before;
    }
    s->at = tk_store_align(s, end);
    s->last = end > opened ? start : 0;
    s->size = end - start;
}

/* Whether the first record of the newest sector is whole, but not to be opened with this key. */
static bool is_of_another_key(struct tk_store *s)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->seq);
    return s->seal != NULL && tk_cursor_record(s, &c) && tk_record_is_whole(s, &c) &&
           !tk_record_read(s, &c, NULL, 0);
}

static bool is_sealed_otherwise(struct tk_store *s)
{
    struct tk_store_seal any; /* is only compared with NULL */
    struct tk_store other = *s;
    struct tk_header h;

    if (s->seq != 0)
        return is_of_another_key(s);
    other.seal = s->seal == NULL ? &any : NULL;
    for (uint32_t i = 0; i < s->flash->sectors; i++) {
        if (tk_header_read(&other, i, &h))
            return true;
    }
    return false;
}

int tk_store_open(struct tk_store *s, const struct tk_flash *flash, struct tk_store_seal *seal)
{
    struct tk_header h;

    *s = (struct tk_store){
        .flash = flash, .seal = seal, .fix = UINT32_MAX, .fresh = true, .closed = true};
    if (!is_good_geometry(flash))
        return s->refused = TK_STORE_GEOMETRY;
    for (uint32_t i = 0; i < flash->sectors; i++) {
        if (!tk_header_read(s, i, &h) || h.seq <= s->seq)
            continue;
        s->seq = h.seq;
        s->end = h.end;
        s->opened = h.opened;
    }
    if (s->seq != 0)
        stand(s);
    if (s->unread)
        return TK_STORE_FLASH;
    if (is_sealed_otherwise(s)) {
        s->seq = 0; /* nothing of it is seen */
        s->refused = TK_STORE_SEALED;
    }
    return s->refused;
}

/* Nothing is read or programmed while an erase is not done. */
static void begin(struct tk_store *s)
{
    s->unread = false;
    if (s->erasing)
        (void)tk_store_erase_whole(s, s->seq + 1);
}

/* --- reading --- */

/* Reads the record that a want was found in, for all that were. */
static void give_record(struct tk_store *s, const struct tk_cursor *c, struct tk_store_want *wants,
                        size_t count)
{
    bool good = tk_record_read(s, c, wants, count);

    s->health |= good ? 0 : TK_STORE_CORRUPT;
    for (struct tk_store_want *w = wants; w < wants + count; w++) {
        if (w->found.at != c->at)
            continue;
        w->len = good ? (int)w->found.len : TK_STORE_FLASH;
        w->found.at = 0;
    }
}

static int give(struct tk_store *s, struct tk_store_want *wants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tk_cursor *found = &wants[i].found;

        wants[i].len = found->at == 0 || found->deleted ? TK_STORE_MISSING : TK_STORE_FULL;
        if (found->deleted || found->len > wants[i].size)
            found->at = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct tk_cursor c = wants[i].found;

        if (c.at != 0)
            give_record(s, &c, wants + i, count - i);
        wants[i].len = s->unread ? TK_STORE_FLASH : wants[i].len;
    }
    return s->unread ? TK_STORE_FLASH : TK_STORE_OK;
}

int tk_store_get_all(struct tk_store *s, struct tk_store_want *wants, size_t count)
{
    begin(s);
    tk_record_find(s, wants, count);
    return give(s, wants, count);
}

int tk_store_get(struct tk_store *s, uint8_t key, void *buf, size_t size)
{
    struct tk_store_want want = {.key = key, .buf = buf, .size = size};

    (void)tk_store_get_all(s, &want, 1);
    return want.len;
}

int tk_store_previous(struct tk_store *s, uint8_t key, void *buf, size_t size)
{
    struct tk_store_want want = {.key = key, .buf = buf, .size = size};

    begin(s);
    tk_record_find_before(s, &want);
    (void)give(s, &want, 1);
    return want.len;
}

/* --- commits --- */

/* Writes once more what was written last before the start, which power may have left undecided. */
static int settle(struct tk_store *s)
{
    return s->fresh && s->seq != 0 ? tk_store_rewrite(s, s->last != 0) : TK_STORE_OK;
}

static int write_commit(struct tk_store *s, const struct tk_commit *c)
{
    int ret = settle(s);

    if (ret != TK_STORE_OK)
        return ret;
    s->size = c->size > s->size ? c->size : s->size;
    return tk_store_write(s, c, s->closed || s->at + c->size > tk_store_sector_end(s, s->seq));
}

int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    struct tk_commit c = {.values = values, .count = count};
    int ret;

    if (count > TK_RECORD_HEADS || s->refused != 0)
        return s->refused != 0 ? s->refused : TK_STORE_FULL;
    begin(s);
    ret = tk_store_plan(s, &c);
    if (ret != TK_STORE_OK || c.changed == 0)
        return ret;
    return write_commit(s, &c);
}

int tk_store_prepare(struct tk_store *s)
{
    s->unread = false;
    if (s->fresh || s->seq == 0)
        return settle(s);
    if (s->wounded)
        return tk_store_rewrite(s, true);
    if (s->erased || s->closed || s->at + s->size <= tk_store_sector_end(s, s->seq))
        return TK_STORE_OK;
    return tk_store_erase(s, s->seq + 1);
}

/* --- wiping --- */

/* All keys are deleted by one record first: a cut behind it leaves nothing, one before it all. */
static bool wipe(struct tk_store *s)
{
    static const struct tk_store_value all = {TK_KEY_ALL, 0, NULL};
    const struct tk_commit c = {
        .values = &all, .count = 1, .changed = 1, .heads = 1, .size = tk_record_frame(s) + 2};
    const struct tk_flash *f = s->flash;

    begin(s);
    if (s->seq != 0)
        (void)write_commit(s, &c); /* where it cannot be written, erasing is all there is */
    for (uint32_t i = 1; i <= f->sectors; i++) {
        if (!tk_store_erase_whole(s, s->seq + i))
            return false;
    }
    return (f->sync == NULL || f->sync(f->ctx) == TK_FLASH_OK) &&
           tk_store_is_blank(s, 0, f->sectors * f->sector_size);
}

int tk_store_wipe(struct tk_store *s)
{
    bool wiped = wipe(s);

    (void)tk_store_open(s, s->flash, s->seal); /* blank, or what is left of it */
    return wiped ? TK_STORE_OK : TK_STORE_FLASH;
}

void tk_store_close(struct tk_store *s)
{
    s->refused = TK_STORE_FLASH;
}

const char *tk_store_health(const struct tk_store *s)
{
    return s->health & TK_STORE_CORRUPT     ? "corrupt"
           : s->health & TK_STORE_OLDER     ? "older"
           : s->health & TK_STORE_CORRECTED ? "corrected"
                                            : "ok";
}
