/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_write.h"

#include "tk_store_read.h"
#include "tk_store_record.h"
#include "tk_store_walk.h"

#include <string.h>

#define ATTEMPTS 2 /* at a sector, before it is passed by */

/* --- copying to the sector that is opened --- */

struct opening {
    struct tk_writer w;
    uint16_t worn;     /* as tk_store.worn, with the sectors that failed */
    int8_t attempt;    /* at this sector */
    bool is_complete;  /* all live values are copied */
    bool is_undecided; /* the flash reported that the header failed, but it is there */
    const struct tk_commit *commit;
    struct tk_keys newer; /* keys of the sectors newer than the one that is copied */
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
#if TK_STORE_INDEX > 0
    s->index.append_at = 0;
#endif
    o->attempt = -1;
}

/* Reads back once tk_write_record has given its buffer back: both need the stack. */
static void write_checked(struct tk_writer *w)
{
    struct tk_cursor c;

    c.seq = w->seq;
    c.at = w->at;
    c.end = tk_write_record(w);
    c.heads = w->count % TK_RECORD_COPY;
    w->failed = w->failed || !tk_record_is_whole(w->s, &c) ||
                (tk_is_sealed(w->s) && !tk_record_read(w->s, &c, NULL));
}

/* Copies the live entries of a record but those that the commit replaces. A damaged one is not
 * given a fresh CRC. The unsettled record is copied whole, and not marked as a copy: the original
 * becomes void. The CRC of the original is checked over the very bytes that were copied, so that
 * marginal bits, which read differently each time, cannot slip through. */
static void copy_record(struct opening *o, const struct tk_commit *c)
{
    struct tk_writer *w = &o->w;
    struct tk_cursor *e = &w->source;
    bool is_unsettled = e->at == w->s->unsettled;

    w->mask = 0;
    w->count = is_unsettled ? 0 : TK_RECORD_COPY;
    for (uint32_t bit = 1; tk_cursor_entry(w->s, e); bit <<= 1) {
        if (!is_unsettled &&
            (tk_commit_replaces(c, e->key) || !tk_cursor_is_live(w->s, &o->newer, e)))
            continue;
        w->mask |= bit;
        w->count = (uint8_t)(w->count + (e->is_all ? 1 : tk_value_heads(e->key, e->len)));
    }
    if (w->mask == 0)
        return;
    if (!tk_record_read(w->s, e, NULL) && !is_unsettled)
        w->s->health |= TK_STORE_CORRUPT;
    else
        write_checked(w);
    if (is_unsettled && w->count == e->heads &&
        ~w->source_crc != tk_media_number(w->s, e->end - 4, 4))
        drop_unsettled(o);
}

/* Copies all records of the sector whose place is used at number `after`; to a new sector those of
 * older ones, too, the unsettled record, and one with a bad bit. */
static void copy_all(struct opening *o, const struct tk_commit *c, uint32_t after)
{
    struct tk_store *s = o->w.s;
    struct tk_cursor *r = &o->w.source;
    bool is_new = o->w.seq != s->top.seq;

    memset(&o->newer, 0, sizeof o->newer);
    o->w.commit = NULL;
    for (uint32_t seq = s->top.seq; seq >= tk_media_oldest(s); seq--) {
        tk_cursor_first(s, r, seq);
        while (tk_cursor_record(s, r)) {
            if (seq + s->top.sectors == after ||
                (is_new && (seq + s->top.sectors < after || r->at == s->unsettled ||
                            s->bad_bit / 8 - r->at < r->end - r->at)))
                copy_record(o, c);
        }
        if (seq == s->top.seq && s->unsettled != 0 && r->at <= s->unsettled)
            drop_unsettled(o); /* it no longer parses */
        tk_keys_add(s, &o->newer, r, seq);
    }
}

/* --- which sector is next --- */

/* The first number after this whose sector is not worn. Of an area that is taken over, only the new
 * part is used at first. */
static uint32_t next_usable(const struct tk_store *s, uint32_t seq, uint32_t worn)
{
    uint32_t sectors = s->flash->sectors, old = s->top.sectors < sectors ? s->top.sectors : 0,
             place;

    for (uint32_t i = 0; i < sectors; i++) {
        place = ++seq % sectors;
        if (place >= old && (place >= TK_WORN_PLACES || (worn >> place & 1) == 0))
            break;
    }
    return seq;
}

uint32_t tk_write_next(const struct tk_store *s)
{
    return tk_media_sector(s, next_usable(s, s->top.seq, s->top.worn));
}

/* --- opening --- */

static void put_commit(struct tk_writer *w, const struct tk_commit *c)
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
    uint32_t sector = tk_media_sector(s, w->seq), end = w->at;
    struct tk_header h = {.format = TK_FORMAT,
                          .is_complete = o->is_complete,
                          .error = 0,
                          .sectors = (uint16_t)s->flash->sectors,
                          .worn = o->worn,
                          .seq = w->seq,
                          .opened_end = end - sector};

    if (s->top.seq != 0)
        h.prev_end =
            (s->unsettled != 0 ? s->unsettled : s->append_at) - tk_media_sector(s, s->top.seq);
    if (w->failed || s->read_failed)
        return false;
    if (!tk_write_header(s, &h, sector)) {
        o->is_undecided = tk_header_at(s, sector, &h) && h.seq == w->seq;
        return false;
    }
    s->top = h;
    s->oldest = h.is_complete ? h.seq : s->oldest;
    s->append_at = s->top.opened_end = end;
    s->limit = sector + s->flash->sector_size;
    s->unsettled = 0;
    s->sector_closed = s->unwritten_since_mount = s->needs_rewrite = false;
    return true;
}

/* Copies the live values of the sector whose place number seq takes to the newest one, if it has
 * any, so that it can be erased. False if there is no room. */
static bool evacuate(struct opening *o, uint32_t seq)
{
    struct tk_writer *w = &o->w;
    struct tk_store *s = w->s;

    if (s->top.sectors != s->flash->sectors || seq < s->top.sectors + tk_media_oldest(s))
        return true;
    w->seq = s->top.seq;
    w->at = s->append_at;
    w->limit = s->sector_closed ? w->at : s->limit;
    w->failed = false;
    copy_all(o, &tk_commit_nothing, seq);
    s->sector_closed = s->sector_closed || w->failed;
    s->append_at = w->failed ? s->append_at : w->at;
    return !w->failed;
}

static bool try_sector(struct opening *o, uint32_t seq)
{
    struct tk_writer *w = &o->w;
    struct tk_store *s = w->s;
    uint32_t sector = tk_media_sector(s, seq);

    for (o->attempt = 0; o->attempt < ATTEMPTS && !s->read_failed && !o->is_undecided;
         o->attempt++) {
        w->seq = seq;
        w->failed = !s->next_erased && !tk_media_erase(s, sector);
        s->next_erased = false;
        if (w->failed)
            continue;
        w->at = sector + tk_header_records(s);
        w->limit = sector + s->flash->sector_size;
        copy_all(o, o->commit, o->is_complete ? UINT32_MAX : next_usable(s, seq, o->worn));
        put_commit(w, o->commit);
        if (finish(o))
            return true;
    }
    return false;
}

static bool void_mark(struct tk_store *s)
{
    static const uint32_t zero;
    bool good;

    if (!s->is_marked)
        return true;
    s->is_marked = false;
    good = tk_write_words(s, &zero, s->limit + tk_header_records(s), TK_MARK_VOID);
    s->sector_closed = s->sector_closed || !good;
    s->next_erased = s->next_erased && good;
    return good;
}

/* Tries one sector after another, then the worn ones again, unless a header is there in spite of an
 * error: an erase that fails could leave it without its records. The first one has nothing that
 * counts; each further one must not have anything live, and with it all is copied. */
int tk_write_opening(struct tk_store *s, const struct tk_commit *c, bool is_complete)
{
    struct opening o = {.w = {.s = s}, .commit = c, .worn = s->top.worn};
    uint32_t sectors = s->flash->sectors, seq = s->top.seq;
    int ret = TK_STORE_FLASH;

    (void)void_mark(s);
    o.is_complete = is_complete || s->top.seq == 0;
    for (uint32_t i = 1; i < 2 * sectors && !s->read_failed && !o.is_undecided; i++) {
        if (i == sectors) {
            if (s->top.worn == 0)
                break;
            seq = s->top.seq;
            o.worn = 0;
            continue;
        }
        seq = next_usable(s, seq, o.worn);
        if (s->top.sectors == sectors && seq >= sectors + s->top.seq)
            continue; /* the newest one */
        if (!evacuate(&o, seq)) {
            ret = TK_STORE_FULL;
            continue;
        }
        if (try_sector(&o, seq))
            return TK_STORE_OK;
        s->health |= s->read_failed || o.is_undecided ? 0 : TK_STORE_WORN;
        if (seq % sectors < TK_WORN_PLACES)
            o.worn = (uint16_t)(o.worn | 1u << seq % sectors);
        o.is_complete = true;
    }
    if (s->read_failed || o.is_undecided)
        ret = TK_STORE_FLASH;
    if (o.is_undecided) /* what is appended might not count */
        s->sector_closed = s->unwritten_since_mount = true;
    return ret;
}

/* --- the newest sector --- */

bool tk_write_append(struct tk_store *s, const struct tk_commit *c)
{
    struct tk_writer w = {.s = s, .seq = s->top.seq, .at = s->append_at, .limit = s->limit};

    if (!void_mark(s))
        return false;
    put_commit(&w, c);
    if (!w.failed)
        s->append_at = w.at;
    else {
        s->sector_closed = true;
        s->health |= TK_STORE_WORN;
    }
    return !w.failed;
}

int tk_write_mark(struct tk_store *s)
{
    uint32_t at = s->limit - tk_mark_size(s);
    struct tk_header h = s->top;

    h.opened_end = (s->append_at - tk_media_sector(s, h.seq)) |
                   (s->next_erased ? TK_HEADER_ERASED : 0) |
                   (s->sector_closed ? 0 : TK_HEADER_OPEN);
    if (at < s->append_at || !tk_media_is_blank(s, s->append_at, s->limit))
        return TK_STORE_FLASH;
    s->limit = at; /* also if it fails: its units may be programmed */
    if (!tk_write_header(s, &h, at))
        return TK_STORE_FLASH;
    s->top.opened_end = s->append_at;
    s->is_marked = true;
    return TK_STORE_OK;
}
