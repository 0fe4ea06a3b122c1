/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_JSON_WALK_H
#define TK_HOST_JSON_WALK_H

/*
 * Takes values out of a JSON text of any length as it comes (RFC 8259), in fixed memory. At the
 * beginning of each value the owner says whether it wants its bytes; they come without white space
 * between their parts. Values within a wanted one are part of it.
 *
 * tk_json_pick of core reads such texts, too, but keeps short values of known members in slots,
 * which is all that a board needs; values of any kind and length would cost it flash.
 *
 * What it is fed is not checked: of a text that is not JSON anything may be taken, but nothing is
 * read or written elsewhere. The result does not depend on how the text is cut into pieces.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_WALK_LEVELS = 3, /* of objects and arrays, from the outermost, whose names are kept */
    TK_WALK_NAME = 64   /* characters; of a longer name its first TK_WALK_NAME + 1 are kept */
};

struct tk_walk {
    void *owner;

    /* A value begins with the character first: wanted? w->depth objects and arrays are open around
     * it; level i of them has the name w->names[i], "" in an array. */
    bool (*begin)(struct tk_walk *w, char first);
    /* Bytes of the wanted value; the last ones with is_end. */
    void (*take)(struct tk_walk *w, const char *bytes, size_t len, bool is_end);
    /* An object or array has ended that was not wanted; w->depth are open around it. NULL: not
     * needed. */
    void (*close)(struct tk_walk *w);

    unsigned depth;
    char names[TK_WALK_LEVELS][TK_WALK_NAME + 2];

    /* private */
    uint64_t is_object; /* a bit for each of the outer 64 that are open, the innermost in bit 0 */
    bool is_name;       /* the next string, or the one being read, is a member's name */
    bool in_string, in_escape, in_scalar;
    bool is_wanted;
    unsigned wanted_depth; /* of the value that is wanted */
    size_t name_len;
};

/* Zero w, and set owner and callbacks before. */
void tk_walk_feed(struct tk_walk *w, const char *text, size_t len);

#endif
