/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store.h"

#include "tk_assert.h"
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

static bool are_good_queries(const struct tk_store_query *queries, size_t count)
{
    while (count > 0 && queries != NULL && queries->key != TK_KEY_ALL &&
           (queries->buf != NULL || queries->size == 0)) {
        queries++;
        count--;
    }
    return count == 0;
}

static bool is_good_value(const struct tk_store_value *v)
{
    if (v->key == TK_KEY_ALL || (v->count > 0 && v->pieces == NULL))
        return false;
    for (size_t i = 0; i < v->count; i++) {
        if (v->pieces[i].data == NULL && v->pieces[i].len > 0)
            return false;
    }
    return true;
}

static bool are_good_values(const struct tk_store_value *values, size_t count)
{
    if (count > 0 && values == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (values[i].key == values[j].key)
                return false;
        }
        if (!is_good_value(&values[i]))
            return false;
    }
    return true;
}

/* --- opening --- */

#define SECTOR_MIN 1024
#define SECTOR_MAX 262144

static bool is_good_geometry(const struct tk_flash *f)
{
    return f->unit >= 1 && TK_BOUNCE % f->unit == 0 && f->sectors >= 2 &&
           f->sector_size >= SECTOR_MIN && f->sector_size <= SECTOR_MAX &&
           f->sector_size % f->unit == 0;
}

/* Finds the end of the newest sector. Only its last record may be torn. */
static void find_end(struct tk_store *s)
{
    uint32_t opened_end = tk_media_sector(s, s->seq) + s->opened_end;
    uint32_t before, start, end; /* the last record, and where the one before it begins */
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->seq);
    for (before = start = end = c.end; tk_cursor_record(s, &c); end = c.end) {
        before = start;
        start = tk_media_align(s, end);
    }
    c.end = start;
    if (end > opened_end && !(tk_cursor_record(s, &c) && tk_record_is_whole(s, &c))) {
        /* blank CRC: torn; else torn or damaged */
        s->health |= tk_media_number(s, end - 4, 4) == UINT32_MAX ? 0 : TK_STORE_OLDER;
        end = start;
        start = before;
    }
    s->append_at = tk_media_align(s, end);
    s->unsettled = end > opened_end ? start : 0;
    s->largest = end - start;
}

/* Whether the first record of the newest sector is complete but does not open with this key. */
static bool has_another_key(struct tk_store *s)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->seq);
    return tk_is_sealed(s) && tk_cursor_record(s, &c) && tk_record_is_whole(s, &c) &&
           !tk_record_read(s, &c, NULL, 0);
}

/* Whether the flash holds a store that this one cannot read: sealed with another key, sealed where
 * no seal was given, or plaintext where one was. */
static bool is_sealed_otherwise(struct tk_store *s)
{
    struct tk_store_seal any; /* only its address is used */
    struct tk_store other = *s;
    struct tk_header h;

    if (s->seq != 0)
        return has_another_key(s);
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

    TK_ASSERT(s != NULL && is_complete_flash(flash) && is_complete_seal(seal));
    *s = (struct tk_store){.flash = flash,
                           .seal = seal,
                           .bad_bit = UINT32_MAX,
                           .unwritten_since_mount = true,
                           .sector_closed = true};
    if (!is_good_geometry(flash))
        return s->open_error = TK_STORE_GEOMETRY;
    if (seal != NULL && !TK_STORE_SEALING)
        return s->open_error = TK_STORE_SEALED;
    for (uint32_t i = 0; i < flash->sectors; i++) {
        if (!tk_header_read(s, i, &h) || h.seq <= s->seq)
            continue;
        s->seq = h.seq;
        s->prev_end = h.prev_end;
        s->opened_end = h.opened_end;
    }
    if (s->seq != 0)
        find_end(s);
    if (s->read_failed) {
        s->seq = 0; /* what was found may not be the newest */
        return s->open_error = TK_STORE_FLASH;
    }
    if (is_sealed_otherwise(s)) {
        s->seq = 0; /* as if blank */
        s->open_error = TK_STORE_SEALED;
    }
    return s->open_error;
}

/* Begins an operation. While an erase is under way nothing can be read or programmed. */
static void begin(struct tk_store *s)
{
    TK_ASSERT(s->flash != NULL); /* tk_store_open was not called */
    s->read_failed = s->open_error == TK_STORE_FLASH;
    if (s->next_erasing)
        (void)tk_media_erase(s, s->seq + 1);
}

/* --- reading --- */

/* Reads the record at the cursor for all queries that were found in it. */
static void answer_record(struct tk_store *s, const struct tk_cursor *c,
                          struct tk_store_query *queries, size_t count)
{
    bool good = tk_record_read(s, c, queries, count);

    s->health |= good ? 0 : TK_STORE_CORRUPT;
    for (struct tk_store_query *q = queries; q < queries + count; q++) {
        if (q->found.at != c->at)
            continue;
        q->len = good ? (int)q->found.len : TK_STORE_FLASH;
        q->found.at = 0;
    }
}

static int answer(struct tk_store *s, struct tk_store_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tk_cursor *found = &queries[i].found;

        queries[i].len = found->at == 0 || found->deleted ? TK_STORE_MISSING : TK_STORE_FULL;
        if (found->deleted || found->len > queries[i].size)
            found->at = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct tk_cursor c = queries[i].found;

        if (c.at != 0)
            answer_record(s, &c, queries + i, count - i);
        queries[i].len = s->read_failed ? TK_STORE_FLASH : queries[i].len;
    }
    return s->read_failed ? TK_STORE_FLASH : TK_STORE_OK;
}

int tk_store_get_all(struct tk_store *s, struct tk_store_query *queries, size_t count)
{
    TK_ASSERT(are_good_queries(queries, count));
    begin(s);
    tk_find(s, queries, count);
    return answer(s, queries, count);
}

int tk_store_get(struct tk_store *s, uint16_t key, void *buf, size_t size)
{
    struct tk_store_query query = {.key = key, .buf = buf, .size = size};

    (void)tk_store_get_all(s, &query, 1);
    return query.len;
}

int tk_store_previous(struct tk_store *s, uint16_t key, void *buf, size_t size)
{
    struct tk_store_query query = {.key = key, .buf = buf, .size = size};

    TK_ASSERT(are_good_queries(&query, 1));
    begin(s);
    tk_find_previous(s, &query);
    (void)answer(s, &query, 1);
    return query.len;
}

/* --- commits --- */

/* After a mount, writes once more what was written last: a power cut may have left it torn or
 * marginal. */
static int settle(struct tk_store *s)
{
    return s->unwritten_since_mount && s->seq != 0 ? tk_write_again(s, s->unsettled != 0)
                                                   : TK_STORE_OK;
}

static int write_commit(struct tk_store *s, const struct tk_commit *c)
{
    int ret = settle(s);

    if (ret != TK_STORE_OK)
        return ret;
    s->largest = c->size > s->largest ? c->size : s->largest;
    return tk_write_commit(
        s, c, s->sector_closed || s->append_at + c->size > tk_media_sector_end(s, s->seq));
}

int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    struct tk_commit c = {.values = values, .count = count};
    int ret;

    TK_ASSERT(s->flash != NULL && are_good_values(values, count));
    if (count > TK_RECORD_HEADS || s->open_error != 0)
        return s->open_error != 0 ? s->open_error : TK_STORE_FULL;
    begin(s);
    ret = tk_commit_plan(s, &c);
    if (ret != TK_STORE_OK || c.changed == 0)
        return ret;
    return write_commit(s, &c);
}

int tk_store_prepare(struct tk_store *s)
{
    TK_ASSERT(s->flash != NULL);
    s->read_failed = false;
    if (s->unwritten_since_mount || s->seq == 0)
        return settle(s);
    if (s->needs_rewrite)
        return tk_write_again(s, true);
    if (s->next_erased || s->sector_closed ||
        s->append_at + s->largest <= tk_media_sector_end(s, s->seq))
        return TK_STORE_OK;
    return tk_media_erase_step(s, s->seq + 1);
}

/* --- wiping --- */

/* First a record that deletes all keys: if a power cut ends the wipe, either all values or none are
 * left. */
static bool wipe(struct tk_store *s)
{
    static const struct tk_store_value all = {TK_KEY_ALL, 0, NULL};
    const struct tk_commit c = {
        .values = &all, .count = 1, .changed = 1, .heads = 1, .size = tk_record_frame(s) + 2};

    begin(s);
    s->read_failed = false;
    if (s->seq != 0)
        (void)write_commit(s, &c); /* if that fails, the erases must do */
    for (uint32_t i = 1; i <= s->flash->sectors; i++) {
        if (!tk_media_erase(s, s->seq + i))
            return false;
    }
    return tk_media_sync(s) && tk_media_is_blank(s, 0, s->flash->sectors * s->flash->sector_size);
}

int tk_store_wipe(struct tk_store *s)
{
    bool wiped = wipe(s);

    (void)tk_store_open(s, s->flash, s->seal);
    return wiped ? TK_STORE_OK : TK_STORE_FLASH;
}

void tk_store_close(struct tk_store *s)
{
    s->open_error = TK_STORE_FLASH;
}

void tk_store_status(struct tk_store *s, struct tk_store_status *status)
{
    *status = (struct tk_store_status){
        .sectors = s->flash->sectors, .health = s->health, .word = tk_store_health(s)};
}

const char *tk_store_health(const struct tk_store *s)
{
    TK_ASSERT(s->flash != NULL);
    return s->health & TK_STORE_CORRUPT     ? "corrupt"
           : s->health & TK_STORE_OLDER     ? "older"
           : s->health & TK_STORE_CORRECTED ? "corrected"
                                            : "ok";
}
