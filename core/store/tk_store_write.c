/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_write.h"

#include "tk_store_read.h"
#include "tk_store_record.h"
#include "tk_store_walk.h"

#include <string.h>

#define ATTEMPTS 2 /* at a sector, before it is passed by */

/* --- copying to the sector that is opened --- */

static const struct tk_commit nothing;

struct opening {
    struct tk_writer w;
    const struct tk_commit *commit;
    struct tk_keys newer; /* keys of the sectors newer than the one that is copied */
    uint16_t worn;        /* as tk_store.worn, with the sectors that failed */
    bool is_complete;     /* all live values are copied */
    bool is_undecided;    /* the flash reported that the header failed, but it is there */
    int8_t attempt;       /* at this sector */
};

/* The unsettled record reads differently than before. If that was no misread, it was torn: drops
 * it. */
static void drop_unsettled(struct opening *o)
{
    struct tk_store *s = o->w.s;

    o->w.failed = true;
    if (s->read_failed || o->attempt == 0)
        return;
    s->append_at = s->unsettled;
    s->unsettled = 0;
    o->attempt = -1;
}

/* Adds the heads of the entry at the cursor to what is written. */
static void take_entry(struct tk_writer *w, uint32_t bit)
{
    const struct tk_cursor *e = &w->source;

    w->mask |= bit;
    w->count = (uint8_t)(w->count + (e->is_all ? 1 : tk_value_heads(e->key, e->len)));
}

/* Reads back once tk_write_record has given its buffer back: both need the stack. */
static void write_checked(struct tk_writer *w)
{
    struct tk_cursor c = {.seq = w->seq, .at = w->at};

    c.end = tk_write_record(w);
    c.heads = w->count % TK_RECORD_COPY;
    w->failed = w->failed || !tk_record_is_whole(w->s, &c) ||
                (tk_is_sealed(w->s) && !tk_record_read(w->s, &c, NULL));
}

/* Copies the unsettled record whole, and not marked as a copy: the original becomes void. The CRC
 * of the original is checked over the very bytes that were copied, so that marginal bits, which
 * read differently each time, cannot slip through. */
static void copy_unsettled(struct opening *o)
{
    struct tk_writer *w = &o->w;
    const struct tk_cursor *r = &w->source;

    (void)tk_record_read(w->s, r, NULL); /* finds a bad bit */
    w->mask = w->count = 0;
    for (uint32_t bit = 1; tk_cursor_entry(w->s, &w->source); bit <<= 1)
        take_entry(w, bit);
    write_checked(w);
    if (~w->source_crc != tk_media_number(w->s, r->end - 4, 4) && w->count == r->heads)
        drop_unsettled(o);
}

/* Copies the live entries of a record. A damaged one is not given a fresh CRC. */
static void copy_live(struct opening *o, const struct tk_commit *c)
{
    struct tk_writer *w = &o->w;
    struct tk_cursor *e = &w->source;

    w->mask = 0;
    w->count = TK_RECORD_COPY;
    for (uint32_t bit = 1; tk_cursor_entry(w->s, e); bit <<= 1) {
        if (!tk_commit_replaces(c, e->key) && tk_cursor_is_live(w->s, &o->newer, e))
            take_entry(w, bit);
    }
    if (w->mask == 0)
        return;
    if (tk_record_read(w->s, e, NULL))
        write_checked(w);
    else
        w->s->health |= TK_STORE_CORRUPT;
}

/* Copies the unsettled record, one with a bad bit, and all others if the sector dies. */
static void copy_sector(struct opening *o, uint32_t seq, bool dies)
{
    struct tk_store *s = o->w.s;
    struct tk_cursor *r = &o->w.source;

    tk_cursor_first(s, r, seq);
    while (tk_cursor_record(s, r)) {
        if (r->at == s->unsettled)
            copy_unsettled(o);
        else if (dies || s->bad_bit / 8 - r->at < r->end - r->at)
            copy_live(o, o->commit);
    }
    if (seq == s->seq && s->unsettled != 0 && r->at <= s->unsettled)
        drop_unsettled(o); /* it no longer parses */
    tk_keys_add(s, &o->newer, r, seq);
}

/* --- which sector is next --- */

/* The first number after this whose sector is not worn. Of an area that is taken over, only the new
 * part is used at first. */
static uint32_t next_usable(const struct tk_store *s, uint32_t seq, uint32_t worn)
{
    uint32_t sectors = s->flash->sectors, old = s->ring < sectors ? s->ring : 0, place;

    for (uint32_t i = 0; i < sectors; i++) {
        place = ++seq % sectors;
        if (place >= old && (place >= TK_WORN_PLACES || (worn >> place & 1) == 0))
            break;
    }
    return seq;
}

uint32_t tk_write_next(const struct tk_store *s)
{
    return next_usable(s, s->seq, s->worn);
}

/* Number of the sector that this one takes the place of; 0: none that counts. */
static uint32_t victim_of(const struct tk_store *s, uint32_t seq)
{
    uint32_t sectors = s->flash->sectors;

    return s->ring == sectors && seq >= sectors + tk_media_oldest(s) ? seq - sectors : 0;
}

/* --- opening --- */

static void write_copies(struct opening *o)
{
    struct tk_writer *w = &o->w;
    struct tk_store *s = w->s;
    uint32_t oldest = tk_media_oldest(s), after = next_usable(s, w->seq, o->worn);

    memset(&o->newer, 0, sizeof o->newer);
    w->commit = NULL;
    w->at = tk_media_sector(s, w->seq) + tk_header_records(s);
    w->limit = tk_media_sector_end(s, w->seq);
    for (uint32_t seq = s->seq; seq != 0 && seq >= oldest; seq--)
        copy_sector(o, seq, o->is_complete || seq + s->ring <= after);
}

static void write_commit(struct tk_writer *w, const struct tk_commit *c)
{
    if (c->changed == 0)
        return;
    w->commit = c;
    w->mask = c->changed;
    w->count = (uint8_t)c->heads;
    write_checked(w);
}

/* The header makes all records in the sector count. */
static bool finish(struct opening *o)
{
    struct tk_writer *w = &o->w;
    struct tk_store *s = w->s;
    struct tk_header h = {.seq = w->seq,
                          .opened_end = w->at - tk_media_sector(s, w->seq),
                          .worn = o->worn,
                          .sectors = (uint16_t)s->flash->sectors,
                          .is_complete = o->is_complete};

    if (s->seq != 0)
        h.prev_end = (s->unsettled != 0 ? s->unsettled : s->append_at) - tk_media_sector(s, s->seq);
    if (w->failed || s->read_failed)
        return false;
    if (!tk_write_header(w, &h, tk_media_sector(s, w->seq))) {
        o->is_undecided = tk_header_at(s, tk_media_sector(s, w->seq), &h) && h.seq == w->seq;
        return false;
    }
    s->ring = h.sectors;
    s->format = TK_FORMAT;
    s->seq = w->seq;
    s->oldest = o->is_complete ? s->seq : s->oldest;
    s->prev_end = h.prev_end;
    s->worn = o->worn;
    s->append_at = s->opened_end = tk_media_sector(s, s->seq) + h.opened_end;
    s->limit = tk_media_sector_end(s, s->seq);
    s->unsettled = 0;
    s->sector_closed = s->unwritten_since_mount = s->needs_rewrite = false;
    return true;
}

/* Copies the live values of a sector to the newest one, if it has any, so that it can be erased. */
static bool evacuate(struct opening *o, uint32_t victim)
{
    struct tk_writer *w = &o->w;
    struct tk_store *s = w->s;
    uint32_t at = s->append_at;

    memset(&o->newer, 0, sizeof o->newer);
    for (uint32_t seq = s->seq; seq > victim; seq--)
        tk_keys_add(s, &o->newer, &w->source, seq);
    *w = (struct tk_writer){
        .s = s, .seq = s->seq, .at = at, .limit = s->sector_closed ? at : s->limit};
    tk_cursor_first(s, &w->source, victim);
    while (!w->failed && tk_cursor_record(s, &w->source))
        copy_live(o, &nothing);
    s->sector_closed = s->sector_closed || w->failed;
    s->append_at = w->failed ? at : w->at;
    return !w->failed && !s->read_failed;
}

static bool try_sector(struct opening *o)
{
    struct tk_store *s = o->w.s;

    for (o->attempt = 0; o->attempt < ATTEMPTS && !s->read_failed && !o->is_undecided;
         o->attempt++) {
        o->w.failed = !s->next_erased && !tk_media_erase(s, o->w.seq);
        s->next_erased = false;
        if (o->w.failed)
            continue;
        write_copies(o);
        write_commit(&o->w, o->commit);
        if (finish(o))
            return true;
    }
    return false;
}

static bool void_mark(struct tk_store *s)
{
    static const uint32_t zero;
    struct tk_writer w = {.s = s, .seq = s->seq};

    if (!s->is_marked)
        return true;
    s->is_marked = false;
    tk_write_words(&w, &zero, s->limit + tk_header_records(s), TK_HEADER_USED);
    s->sector_closed = s->sector_closed || w.failed;
    s->next_erased = s->next_erased && !w.failed;
    return !w.failed;
}

/* Tries one sector after another, unless a header is there in spite of an error: an erase that
 * fails could leave it without its records. The first one has nothing that counts; each further one
 * must not have anything live, and with it all is copied. */
static bool try_all(struct opening *o)
{
    struct tk_store *s = o->w.s;
    uint32_t sectors = s->flash->sectors, seq = s->seq;

    for (uint32_t i = 1; i < sectors && !s->read_failed && !o->is_undecided; i++) {
        seq = next_usable(s, seq, o->worn);
        if (s->ring == sectors && seq == s->seq + sectors)
            break;
        if (i > 1 && victim_of(s, seq) != 0 && !evacuate(o, victim_of(s, seq)))
            continue;
        o->w.seq = seq;
        if (try_sector(o))
            return true;
        if (o->is_undecided)
            break;
        s->health |= TK_STORE_WORN;
        if (seq % sectors < TK_WORN_PLACES)
            o->worn = (uint16_t)(o->worn | 1u << seq % sectors);
        o->is_complete = true;
    }
    return false;
}

/* If no other works, the worn ones are tried again. */
int tk_write_opening(struct tk_store *s, const struct tk_commit *c, bool is_complete)
{
    struct opening o = {.w = {.s = s}, .commit = c, .worn = s->worn};

    (void)void_mark(s);
    o.is_complete =
        is_complete || s->seq == 0 || s->format < TK_FORMAT || s->ring != s->flash->sectors;
    if (try_all(&o))
        return TK_STORE_OK;
    o.worn = 0;
    o.is_complete = true;
    return !s->read_failed && !o.is_undecided && s->worn != 0 && try_all(&o) ? TK_STORE_OK
                                                                             : TK_STORE_FLASH;
}

/* --- the newest sector --- */

int tk_write_append(struct tk_store *s, const struct tk_commit *c)
{
    struct tk_writer w = {.s = s, .seq = s->seq, .at = s->append_at, .limit = s->limit};

    if (!void_mark(s))
        return TK_STORE_FLASH;
    write_commit(&w, c);
    if (w.failed) {
        s->sector_closed = true;
        s->health |= TK_STORE_WORN;
        return TK_STORE_FLASH;
    }
    s->append_at = w.at;
    return TK_STORE_OK;
}

int tk_write_mark(struct tk_store *s)
{
    struct tk_writer w = {.s = s, .seq = s->seq};
    uint32_t at = s->limit - tk_mark_size(s), end = s->append_at - tk_media_sector(s, s->seq);
    struct tk_header h = {.seq = s->seq,
                          .prev_end = s->prev_end,
                          .opened_end = end | (s->next_erased ? TK_HEADER_ERASED : 0) |
                                        (s->sector_closed ? 0 : TK_HEADER_OPEN),
                          .worn = s->worn,
                          .sectors = s->ring,
                          .is_complete = s->oldest == s->seq};

    if (at < s->append_at || !tk_media_is_blank(s, at, s->limit))
        return TK_STORE_FLASH;
    s->limit = at; /* also if it fails: its units may be programmed */
    if (!tk_write_header(&w, &h, at))
        return TK_STORE_FLASH;
    s->opened_end = s->append_at;
    s->is_marked = true;
    return TK_STORE_OK;
}
