/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_record.h"

#include <string.h>

#define LEN_MAX 0x7ffe
#define BOUNCE  64 /* bytes on the stack that everything passes through */

/* --- writing bytes --- */

size_t tk_record_value_len(const struct tk_store_value *v)
{
    size_t len = 0;

    for (size_t i = 0; i < v->count; i++)
        len += v->pieces[i].len;
    return len;
}

struct writer {
    struct tk_store *s;
    uint32_t at; /* where the bounce buffer goes */
    uint32_t fill;
    uint32_t crc;
    uint8_t check;
    bool failed;
    uint8_t bounce[BOUNCE];
};

static void flush(struct writer *w)
{
    uint32_t len = tk_ring_align(w->s, w->fill);

    memset(w->bounce + w->fill, 0xff, len - w->fill);
    if (len > 0 && !w->failed)
        w->failed = w->s->flash->program(w->s->flash->ctx, w->at, w->bounce, len) != TK_FLASH_OK;
    w->at += len;
    w->fill = 0;
}

static void write_raw(struct writer *w, const void *data, size_t len)
{
    const uint8_t *p = data;

    w->crc = tk_ring_crc(w->crc, p, len);
    while (len-- > 0) {
        w->bounce[w->fill++] = *p++;
        if (w->fill == BOUNCE)
            flush(w);
    }
}

static void write_head_bytes(struct writer *w, const uint8_t *data, size_t len)
{
    w->check = tk_ring_check(w->check, data, len);
    write_raw(w, data, len);
}

/* --- what goes into a record --- */

/* What is done with each entry: counted, its head written, its value written. */
enum pass { COUNT, HEADS, VALUES };

static uint32_t head_size(uint8_t kind, size_t len)
{
    return kind == TK_RING_DELETED || (kind != TK_RING_BEFORE && len < 124) ? 2 : 4;
}

static void write_head(struct writer *w, uint8_t key, uint8_t kind, size_t len)
{
    static const uint8_t codes[] = {127, 126, 124, 125};
    uint8_t head[4] = {key, codes[kind], (uint8_t)len, (uint8_t)(len >> 8)};
    uint32_t size = head_size(kind, len);

    if (size == 2 && kind != TK_RING_DELETED)
        head[1] = (uint8_t)(len + (kind == TK_RING_MOVED ? 128 : 0));
    write_head_bytes(w, head, size);
}

static void pass_new(struct tk_record *c, struct writer *w, enum pass pass)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct tk_store_value *v = &c->values[i];
        uint8_t kind = v->count == 0 ? TK_RING_DELETED : TK_RING_PLAIN;
        size_t len = tk_record_value_len(v);

        if ((c->changed >> i & 1) == 0)
            continue;
        if (pass == COUNT)
            c->len += (uint32_t)(head_size(kind, len) + len);
        else if (pass == HEADS)
            write_head(w, v->key, kind, len);
        for (size_t p = 0; p < v->count && pass == VALUES; p++)
            write_raw(w, v->pieces[p].data, v->pieces[p].len);
    }
}

static void copy_value(struct writer *w, const struct tk_ring_place *p)
{
    uint8_t bounce[16];

    for (uint32_t done = 0; done < p->len;) {
        uint32_t n = p->len - done < sizeof bounce ? p->len - done : sizeof bounce;

        w->failed |= tk_ring_read(w->s, &p->record, p->value + done, bounce, n) != TK_STORE_OK;
        write_raw(w, bounce, n);
        done += n;
    }
}

static void pass_old(struct tk_record *c, struct writer *w, enum pass pass, uint8_t key,
                     uint8_t kind, struct tk_ring_place *p)
{
    if (pass == COUNT) {
        c->len += head_size(kind, p->len) + p->len;
        /* What is damaged is not sealed anew; it stays damaged. */
    } else if (pass == HEADS)
        write_head(w, key, kind, p->len);
    else
        copy_value(w, p);
}

static bool is_changed(const struct tk_record *c, uint8_t key)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->values[i].key == key && (c->changed >> i & 1) != 0)
            return true;
    }
    return false;
}

static bool lies_at(const struct tk_ring_place *p, const struct tk_ring_record *r,
                    const struct tk_ring_entry *e)
{
    return p->there && p->record.at == r->at && p->value == e->value;
}

/* An entry of a record that must outlive its sector. */
static void pass_entry(struct tk_record *c, struct writer *w, enum pass pass,
                       const struct tk_ring_record *r, const struct tk_ring_entry *e)
{
    struct tk_ring_place now, before;

    tk_ring_find(c->s, e->key, &now);
    if (e->kind == TK_RING_DELETED && now.deleted && !c->opens) {
        now.len = 0;
        pass_old(c, w, pass, e->key, TK_RING_DELETED, &now);
        return;
    }
    bool changed = is_changed(c, e->key);

    if (lies_at(&now, r, e) && !changed && tk_ring_sound(c->s, &now.record))
        pass_old(c, w, pass, e->key, TK_RING_MOVED, &now);
    if (c->s->flash->sectors < 3 || !c->opens || c->cramped || changed || !now.there)
        return;
    tk_ring_find_before(c->s, e->key, &before);
    if (lies_at(&before, r, e) && tk_ring_sound(c->s, &before.record))
        pass_old(c, w, pass, e->key, TK_RING_BEFORE, &before);
}

static void pass_record(struct tk_record *c, struct writer *w, enum pass pass,
                        const struct tk_ring_record *r)
{
    struct tk_ring_entry e = {.at = r->heads, .value = r->values};

    while (tk_ring_entry(c->s, r, &e))
        pass_entry(c, w, pass, r, &e);
}

/* All that must be carried along: what is alive in the sector that will be erased next, and after
 * a start what was written last. */
static void pass_moved(struct tk_record *c, struct writer *w, enum pass pass)
{
    struct tk_store *s = c->s;
    uint32_t dying = c->opens && c->seq >= s->flash->sectors ? c->seq + 1 - s->flash->sectors : 0;
    struct tk_ring_cursor cursor;
    struct tk_ring_record r;

    for (uint32_t seq = dying; seq != 0 && seq <= s->seq; seq = seq < s->seq ? s->seq : 0) {
        if (seq != dying && !s->resumes)
            return;
        tk_ring_begin(s, &cursor, seq);
        while (tk_ring_next(s, &cursor, &r)) {
            if (seq == dying || r.at == s->last)
                pass_record(c, w, pass, &r);
        }
        if (seq == s->seq)
            return;
    }
    if (dying != 0 || !s->resumes || s->seq == 0)
        return;
    tk_ring_begin(s, &cursor, s->seq);
    while (tk_ring_next(s, &cursor, &r)) {
        if (r.at == s->last)
            pass_record(c, w, pass, &r);
    }
}

static void pass_all(struct tk_record *c, struct writer *w, enum pass pass)
{
    if (c->opens || c->from != 0)
        pass_moved(c, w, pass);
    pass_new(c, w, pass);
}

uint32_t tk_record_size(const struct tk_record *c)
{
    return c->len + 6 + (c->from != 0 ? 4 : 0);
}

bool tk_record_count(struct tk_record *c, uint32_t room)
{
    c->len = 1;
    pass_all(c, NULL, COUNT);
    return !c->s->unread && c->len <= LEN_MAX && tk_ring_align(c->s, tk_record_size(c)) <= room;
}

int tk_record_write(struct tk_record *c, uint32_t at)
{
    struct writer w = {.s = c->s, .at = at};
    uint8_t front[10];
    size_t len = c->from != 0 ? 10 : 6;
    uint32_t syndrome;

    tk_ring_put(front, c->seq, 4);
    tk_ring_put(front + 4, c->len | (c->from != 0 ? 0x8000 : 0), 2);
    tk_ring_put(front + 6, c->from, 4);
    w.check = tk_ring_check(0, front, 4);
    w.crc = tk_ring_crc(0, front, 4);
    write_head_bytes(&w, front + 4, len - 4);
    pass_all(c, &w, HEADS);
    write_raw(&w, &w.check, 1);
    pass_all(c, &w, VALUES);
    tk_ring_put(front, w.crc, 4);
    write_raw(&w, front, 4);
    flush(&w);
    if (!w.failed && c->s->flash->sync != NULL)
        w.failed = c->s->flash->sync(c->s->flash->ctx) != TK_FLASH_OK;
    struct tk_ring_record written = {.seq = c->seq, .at = at, .end = at + tk_record_size(c)};

    return !w.failed && !c->s->unread && tk_ring_whole(c->s, &written, &syndrome) ? TK_STORE_OK
                                                                                  : TK_STORE_FLASH;
}
