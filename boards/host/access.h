/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_ACCESS_H
#define TK_HOST_ACCESS_H

/*
 * Who may do what at the consumers' socket: the file of `run --access`. One rule a line, fields
 * separated by blanks; # begins a comment:
 *
 *      group metering  accounts=token       get
 *      user  www-data  accounts=token,shop  call=crm.*,user.current
 *      user  1004      accounts=*           get call=crm.deal.list
 *
 * A user has the rights of all rules that name it or one of its groups, and none if there is no
 * such rule. `get` hands out the access token; `call=` names the REST methods that may be called.
 * `get` alone includes all calls: a program that has the token can make them at the portal.
 *
 * In a pattern * stands for any characters. Methods that change what others receive or who may
 * do what (bind, register, bizproc, placement, app) are permitted by their full names only. Letters
 * are compared without case, as the portal does.
 */

#include "peer.h"

#include <stdint.h>

enum {
    TK_ACCESS_RULES = 63,
    TK_ACCESS_SIZE = 16 * 1024 /* bytes of the file */
};

struct tk_access_rule {
    bool is_group;
    bool may_get;
    unsigned id;       /* of the user or group */
    char *accounts;    /* names with commas between them, or "*" */
    const char *calls; /* patterns with commas between them; NULL: no call= */
};

struct tk_access {
    bool is_open; /* there is no file: everyone who can connect may do everything */
    size_t count;
    struct tk_access_rule rules[TK_ACCESS_RULES];
    char text[TK_ACCESS_SIZE + 1]; /* of the file, which the rules point into */
};

/* The rules that apply to a peer: bit i for rule i, all bits for one who needs none. */
typedef uint64_t tk_rights;

#define TK_RIGHTS_ALL UINT64_MAX

/* Reads the file; path NULL: there is none. Returns false after a message with the line number,
 * also if others than its owner may write the file. */
bool tk_access_load(struct tk_access *a, const char *path);

/* The part of tk_access_load after reading: parses a->text. path: for messages. */
bool tk_access_parse(struct tk_access *a, const char *path);

tk_rights tk_access_of(const struct tk_access *a, const struct tk_peer *peer);

/* Whether the access token of this account may be handed out. */
bool tk_access_may_get(const struct tk_access *a, tk_rights rights, const char *account);

/* Whether this REST method may be called for this account. False for `batch`, whose elements are
 * judged one by one, and for a name with other characters than letters, digits, _ and dots. */
bool tk_access_may_call(const struct tk_access *a, tk_rights rights, const char *account,
                        const char *method);

#endif
