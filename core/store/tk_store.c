/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store.h"

#include "tk_assert.h"
#include "tk_store_mount.h"
#include "tk_store_plan.h"
#include "tk_store_read.h"
#include "tk_store_walk.h"
#include "tk_store_write.h"

#include <string.h>

/* --- preconditions --- */

static bool is_complete_flash(const struct tk_flash *f)
{
    return f != NULL && f->read != NULL && f->program != NULL && f->erase != NULL;
}

static bool is_complete_seal(const struct tk_store_seal *seal)
{
    return seal == NULL || (seal->begin != NULL && seal->add_head != NULL &&
                            seal->add_values != NULL && seal->end != NULL && seal->crypt != NULL);
}

static bool have_pieces(const struct tk_store_value *values, size_t count)
{
    if (count > 0 && values == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (values[i].count > 0 && values[i].pieces == NULL)
            return false;
        for (size_t j = 0; j < values[i].count; j++) {
            if (values[i].pieces[j].data == NULL && values[i].pieces[j].len > 0)
                return false;
        }
    }
    return true;
}

static bool is_key(uint16_t key)
{
    return key <= TK_STORE_KEY_MAX && key != TK_KEY_ALL;
}

static bool are_keys(const struct tk_store_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (values[i].key == values[j].key)
                return false;
        }
        if (!is_key(values[i].key))
            return false;
    }
    return true;
}

/* --- opening --- */

#define SECTOR_MIN  1024
#define SECTOR_MAX  262144
#define SECTORS_MAX 4095

static bool is_good_geometry(const struct tk_flash *f)
{
    return f->unit >= 1 && TK_BOUNCE % f->unit == 0 && f->sectors >= 2 &&
           f->sector_size >= SECTOR_MIN && f->sector_size <= SECTOR_MAX &&
           f->sector_size % f->unit == 0 && f->sector_size % 16 == 0 && f->sectors <= SECTORS_MAX;
}

int tk_store_open(struct tk_store *s, const struct tk_flash *flash, struct tk_store_seal *seal)
{
    int ret;

    TK_ASSERT(s != NULL && is_complete_flash(flash) && is_complete_seal(seal));
    *s = (struct tk_store){.flash = flash,
                           .seal = seal,
                           .unwritten_since_mount = true,
                           .sector_closed = true,
                           .top = {.format = TK_FORMAT, .sectors = (uint16_t)flash->sectors},
                           .oldest = 1,
                           .bad_bit = UINT32_MAX};
    if (!is_good_geometry(flash))
        ret = TK_STORE_GEOMETRY;
    else
        ret = seal != NULL && !TK_STORE_SEALING ? TK_STORE_SEALED : tk_mount(s);
    s->top.error = (int8_t)ret;
    return ret;
}

/* Begins an operation. While an erase is under way nothing can be read or programmed. */
static int begin(struct tk_store *s)
{
    TK_ASSERT(s->flash != NULL); /* tk_store_open was not called */
    s->read_failed = false;
    if (s->next_erasing)
        (void)tk_media_erase(s, tk_write_next(s));
    return s->top.error;
}

/* --- reading --- */

/* Reads the value at the cursor. */
static int answer(struct tk_store *s, const struct tk_cursor *c, void *buf, size_t size)
{
    int len = TK_STORE_MISSING;

    if (c->at != 0)
        len = c->len <= size ? (int)c->len : -((int)c->len - TK_STORE_SHORT);
    if (len >= 0 && !tk_record_read(s, c, buf)) {
        s->health |= TK_STORE_CORRUPT;
        len = TK_STORE_FLASH;
    }
    return s->read_failed ? TK_STORE_FLASH : len;
}

static int get(struct tk_store *s, uint16_t key, void *buf, size_t size,
               void (*find)(struct tk_store *s, struct tk_cursor *c, uint16_t key))
{
    int ret = begin(s);
    struct tk_cursor c;

    TK_ASSERT(buf != NULL || size == 0);
    if (ret != TK_STORE_OK || !is_key(key))
        return ret != TK_STORE_OK ? ret : TK_STORE_KEY;
    find(s, &c, key);
    return answer(s, &c, buf, size);
}

int tk_store_get(struct tk_store *s, uint16_t key, void *buf, size_t size)
{
    return get(s, key, buf, size, tk_find);
}

int tk_store_previous(struct tk_store *s, uint16_t key, void *buf, size_t size)
{
    return get(s, key, buf, size, tk_find_previous);
}

/* --- commits --- */

/* After a mount, makes certain what was written last: a power cut may have left it torn or
 * marginal. The last record is copied to a sector that is opened; where none can be, a mark proves
 * it as it was read: if it is marginal, that is corrected or reported later. A header after which
 * nothing was written is proven by a mark. Else, or if another format or shape is taken over,
 * unwritten_since_mount stays set: the sector that is opened next gets all live values. */
static int settle(struct tk_store *s)
{
    bool is_current = s->top.format == TK_FORMAT && s->top.sectors == s->flash->sectors;
    int ret = TK_STORE_OK;

    if (s->top.seq == 0 || (is_current && !s->unwritten_since_mount)) {
        s->unwritten_since_mount = false;
        return TK_STORE_OK;
    }
    if (s->unsettled != 0)
        ret = tk_write_opening(s, &tk_commit_nothing, !is_current);
    if (is_current &&
        (ret == TK_STORE_FULL || (ret == TK_STORE_OK && s->append_at == s->top.opened_end)) &&
        s->unwritten_since_mount && tk_write_mark(s) == TK_STORE_OK) {
        s->sector_closed = s->unsettled == 0;
        s->unwritten_since_mount = false;
        s->unsettled = 0;
        ret = TK_STORE_OK;
    }
    return s->read_failed ? TK_STORE_FLASH : ret;
}

/* Flash offset up to which records go. A device that stops in good order needs room for a mark. */
static uint32_t room_end(const struct tk_store *s)
{
    bool has_marks = s->limit % s->flash->sector_size != 0;

    return s->limit - (has_marks ? tk_mark_size(s) : 0);
}

static int append_or_open(struct tk_store *s, const struct tk_commit *c)
{
    s->largest = c->size > s->largest ? c->size : s->largest;
    if (!s->sector_closed && s->append_at + c->size <= room_end(s) && tk_write_append(s, c))
        return TK_STORE_OK;
    return s->read_failed ? TK_STORE_FLASH : tk_write_opening(s, c, s->unwritten_since_mount);
}

int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    struct tk_commit c = {.values = values, .count = count};
    int ret = begin(s);

    TK_ASSERT(have_pieces(values, count));
    if (ret != TK_STORE_OK)
        return ret;
    if (!are_keys(values, count))
        return TK_STORE_KEY;
    if (count > TK_COMMIT_VALUES)
        return TK_STORE_FULL;
    ret = settle(s); /* what is unsettled may hold what is committed, or not */
    if (ret == TK_STORE_OK)
        ret = tk_commit_plan(s, &c);
    if (ret != TK_STORE_OK || (c.changed == 0 && !s->unwritten_since_mount))
        return ret;
    return append_or_open(s, &c);
}

/* Ahead of time while the newest sector has room for all live values: if the erase fails, a further
 * sector is emptied into it. Not if nothing was committed since a stop in good order, nor where all
 * others are worn: next in turn is the newest one itself. */
static bool wants_erase(const struct tk_store *s)
{
    uint32_t live = s->flash->sector_size - tk_header_records(s) - s->headroom;

    live = s->headroom == 0 ? 0 : live;
    return !s->next_erased && !s->sector_closed && !s->is_marked &&
           s->append_at + s->largest + live > room_end(s) &&
           tk_write_next(s) != tk_media_sector(s, s->top.seq);
}

static int erase_step(struct tk_store *s)
{
    int ret = tk_media_erase_step(s, tk_write_next(s));

    return ret == TK_STORE_FLASH ? tk_write_opening(s, &tk_commit_nothing, false) : ret;
}

int tk_store_prepare(struct tk_store *s)
{
    int ret = s->top.error;

    TK_ASSERT(s->flash != NULL);
    s->read_failed = false;
    if (s->next_erasing)
        return erase_step(s);
    if (ret == TK_STORE_OK)
        ret = settle(s);
    if (ret != TK_STORE_OK || s->top.seq == 0)
        return ret;
    if (s->needs_rewrite || s->unwritten_since_mount)
        return tk_write_opening(s, &tk_commit_nothing, s->unwritten_since_mount);
    return wants_erase(s) ? erase_step(s) : TK_STORE_OK;
}

/* Each sector is opened once more: it is erased, and gets copies of live values alone. */
int tk_store_scrub(struct tk_store *s)
{
    int ret = begin(s);

    if (ret == TK_STORE_OK)
        ret = settle(s); /* what is unsettled would be copied whole */
    for (uint32_t i = 0; i < s->flash->sectors && ret == TK_STORE_OK && s->top.seq != 0; i++)
        ret = tk_write_opening(s, &tk_commit_nothing, s->unwritten_since_mount);
    return ret;
}

void tk_store_close(struct tk_store *s)
{
    bool is_settled = s->top.error == TK_STORE_OK && s->top.seq != 0 && !s->unwritten_since_mount &&
                      !s->sector_closed && !s->is_marked;

    TK_ASSERT(s->flash != NULL);
    (void)begin(s);
    if (is_settled)
        (void)tk_write_mark(s);
    s->top.error = TK_STORE_CLOSED;
}

/* --- wiping --- */

/* What a wipe could not erase. */
struct left {
    uint16_t worn; /* as tk_header.worn */
    bool any;
};

/* Erases the sector in this place and checks that it is blank. */
static void wipe_sector(struct tk_store *s, uint32_t place, struct left *left)
{
    uint32_t at = place * s->flash->sector_size;

    s->read_failed = false;
    if ((tk_media_erase(s, at) || tk_media_erase(s, at)) && tk_media_sync(s) &&
        tk_media_is_blank(s, at, at + s->flash->sector_size))
        return;
    left->any = true;
    if (place < TK_WORN_PLACES)
        left->worn = (uint16_t)(left->worn | 1u << place);
}

/* Begins anew above all numbers, in the first place that is ever used, with a sector that has
 * nothing. */
static int begin_anew(struct tk_store *s, const struct tk_commit *wipe, uint16_t left)
{
    uint32_t sectors = s->flash->sectors, seq;

    (void)tk_store_open(s, s->flash, s->seal);
    seq = s->top.seq / sectors * sectors + sectors;
    s->top = (struct tk_header){
        .format = TK_FORMAT, .sectors = (uint16_t)sectors, .worn = left, .seq = seq};
    s->oldest = seq + 1;
    s->append_at = s->unsettled = 0; /* the offset of that sector; none */
    s->is_marked = s->next_erased = false;
    return tk_write_opening(s, wipe, true);
}

/* First a record that deletes all keys: if a power cut ends the wipe, either all values or none are
 * left. Its sector is only erased when another says the same, and that one last of all: where it
 * lies, a torn sector is known to be no foreign one. */
int tk_store_wipe(struct tk_store *s)
{
    static const struct tk_store_value all = {TK_KEY_ALL, 0, NULL};
    static const struct tk_commit c = {.values = &all,
                                       .count = 1,
                                       .is_wipe = true,
                                       .changed = 1,
                                       .heads = 1,
                                       .size = TK_RECORD_FRAME + TK_STORE_NONCE + TK_STORE_TAG + 2};
    struct left left = {0, false};
    uint32_t sectors, newest;

    TK_ASSERT(s->flash != NULL);
    sectors = s->flash->sectors;
    if (begin(s) == TK_STORE_OK && s->top.seq != 0 && settle(s) == TK_STORE_OK)
        (void)append_or_open(s, &c); /* if that fails, the erases must do */
    newest = s->top.seq % sectors;
    for (uint32_t i = 0; i < sectors; i++) {
        if (i != newest)
            wipe_sector(s, i, &left);
    }
    int ret = begin_anew(s, &c, left.worn);

    if (s->top.seq % sectors != newest)
        wipe_sector(s, newest, &left);
    if (ret == TK_STORE_OK && !left.any)
        wipe_sector(s, s->top.seq % sectors, &left);
    if (ret == TK_STORE_OK && left.any) {
        s->top.worn |= left.worn;
        s->health |= TK_STORE_WORN;
        return TK_STORE_FLASH;
    }
    ret = tk_store_open(s, s->flash, s->seal);
    return left.any ? TK_STORE_FLASH : ret;
}

/* --- what it says of itself --- */

uint32_t tk_store_worn(const struct tk_store *s)
{
    return s->top.worn == 0 && s->health & TK_STORE_WORN ? 1 : tk_bits_of(s->top.worn);
}

void tk_store_status(struct tk_store *s, struct tk_store_status *status)
{
    uint32_t capacity = s->flash->sector_size - tk_header_records(s);
    int32_t slack = begin(s) == TK_STORE_OK ? tk_store_slack(s, &tk_commit_nothing) : 0;

    *status = (struct tk_store_status){.capacity = capacity,
                                       .free = slack > 0 && !s->read_failed ? (uint32_t)slack : 0,
                                       .largest = tk_value_largest(s),
                                       .sectors = s->flash->sectors,
                                       .worn = tk_store_worn(s),
                                       .worn_mask = s->top.worn,
                                       .health = s->health,
                                       .word = tk_store_health(s)};
}

const char *tk_store_health(const struct tk_store *s)
{
    TK_ASSERT(s->flash != NULL);
    return s->health & TK_STORE_CORRUPT                    ? "corrupt"
           : s->health & TK_STORE_OLDER                    ? "older"
           : s->top.worn != 0 || s->health & TK_STORE_WORN ? "worn"
           : s->health & TK_STORE_CORRECTED                ? "corrected"
                                                           : "ok";
}
