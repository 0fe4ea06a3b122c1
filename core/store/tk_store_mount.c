/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_mount.h"

#include "tk_store_read.h"
#include "tk_store_walk.h"

/* --- the newest header --- */

/* Takes the header if it is the newest so far; a copy, where the one before it is not right. Of
 * format 1 only the newest is known to be one. */
static void take(struct tk_store *s, struct tk_header *newest, const struct tk_header *h)
{
    if (h->error == 0 && h->is_complete && h->seq > s->oldest)
        s->oldest = h->seq;
    if (h->seq >= newest->seq)
        *newest = *h;
}

/* The copies beyond the first are only read where that is not right. */
static void scan(struct tk_store *s, struct tk_header *newest)
{
    uint32_t size = s->flash->sector_size;
    struct tk_header h;

    for (uint32_t i = 0; i < s->flash->sectors; i++) {
        for (uint32_t copy = 0; copy < TK_HEADER_COPIES; copy++) {
            if (!tk_header_copy(s, i * size, copy, &h))
                continue;
            take(s, newest, &h);
            if (h.error == 0)
                break;
        }
    }
}

/* --- the end of its records --- */

/* Finds the end of the newest sector. Only its last record may be torn. Returns where the walk
 * ended. */
static uint32_t find_end(struct tk_store *s)
{
    uint32_t before, start, end; /* the last record, and where the one before it begins */
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->top.seq);
    for (before = start = end = c.end; tk_cursor_record(s, &c); end = c.end) {
        before = start;
        start = tk_media_align(s, end);
    }
    c.end = start;
    if (end > s->top.opened_end && !(tk_cursor_record(s, &c) && tk_record_is_whole(s, &c))) {
        /* blank CRC: torn; else torn or damaged */
        s->health |= tk_media_number(s, end - 4, 4) == UINT32_MAX ? 0 : TK_STORE_OLDER;
        end = start;
        start = before;
    }
    s->append_at = tk_media_align(s, end);
    s->unsettled = end > s->top.opened_end ? start : 0;
    s->largest = end - start;
    return end;
}

/* If the last mark is in force, nothing was begun after it. Any mark proves the header. In a larger
 * area all live values are to be copied: nothing is settled there. */
static void mount_newest(struct tk_store *s)
{
    uint32_t flags = tk_marks_read(s), end = find_end(s);

    if (flags == 0 || s->top.sectors != s->flash->sectors ||
        tk_media_align(s, end) != s->top.opened_end) {
        s->is_marked = false;
        return;
    }
    s->unwritten_since_mount = false;
    s->sector_closed = !s->is_marked || (flags & TK_HEADER_OPEN) == 0;
    s->next_erased = s->is_marked && (flags & TK_HEADER_ERASED) != 0;
}

/* --- a newer sector --- */

/* Whether a number has whole records and a header that cannot be read. Where the opening was cut,
 * the first half of the header, which is written last, is blank. */
static bool has_lost_header(struct tk_store *s, uint32_t seq)
{
    uint32_t at = tk_media_sector(s, seq);
    struct tk_header h;
    struct tk_cursor c;

    if (tk_header_at(s, at, &h) || tk_media_is_blank(s, at, at + TK_HEADER_HALF))
        return false;
    tk_cursor_first(s, &c, seq);
    return tk_cursor_record(s, &c) && tk_record_is_whole(s, &c);
}

/* Reports newer values that are not found. What else is damaged in dead sectors is not reported. */
static void look_for_lost(struct tk_store *s)
{
    uint8_t health = s->health;
    bool is_lost = false;

    for (uint32_t i = 1; i < s->top.sectors && !is_lost; i++)
        is_lost = has_lost_header(s, s->top.seq + i);
    s->health = (uint8_t)(health | (is_lost ? TK_STORE_OLDER : 0));
}

/* --- all --- */

/* Format 1 says nothing of its shape, and has no tag in its header: the first record of the newest
 * sector tells. */
static int error_of_format_1(struct tk_store *s)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->top.seq);
    if (!tk_cursor_record(s, &c))
        return TK_STORE_SHAPE;
    return tk_is_sealed(s) && tk_record_is_whole(s, &c) && !tk_record_read(s, &c, NULL)
               ? TK_STORE_SEALED
               : TK_STORE_OK;
}

/* Only the sector that is opened first may be torn without a header anywhere. */
static bool is_foreign(struct tk_store *s)
{
    uint32_t size = s->flash->sector_size;

    for (uint32_t i = 0; i < s->flash->sectors; i++) {
        if (i != 1 && !tk_media_is_blank(s, i * size, (i + 1) * size))
            return true;
    }
    return false;
}

int tk_mount(struct tk_store *s)
{
    struct tk_header newest = {.seq = 0};

    scan(s, &newest);
    if (s->read_failed)
        return TK_STORE_FLASH;
    if (newest.seq == 0)
        return is_foreign(s) ? s->read_failed ? TK_STORE_FLASH : TK_STORE_FOREIGN : TK_STORE_OK;
    s->top = newest;
    if (newest.error != 0)
        return newest.error;
    s->top.opened_end += tk_media_sector(s, s->top.seq);
    mount_newest(s);
    look_for_lost(s);
    if (s->read_failed)
        return TK_STORE_FLASH;
    return s->top.format < TK_FORMAT ? error_of_format_1(s) : TK_STORE_OK;
}
