/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_H
#define RULES_H

/*
 * The rules of Bitrix24's authorization server: how codes and pairs are issued, exchanged, rotated
 * and refused. In C because the simulation applies them millions of times. The reference is
 * tests/bitrix24/oauth.py: test_rules.py sends both the same requests and compares the answers.
 * Settings have the names and defaults of tests/bitrix24/settings.py.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RULES_TOKEN = 70, RULES_CLIENTS = 2, RULES_CODE_NAME = 31 };

#define RULES_FOREVER INT64_MAX

struct rules_client {
    char id[64];
    char secret[64];
};

/* The two tokens of one answer. All times are unix milliseconds. */
struct rules_pair {
    int64_t access_until, refresh_until;
    int64_t replaced_at; /* RULES_FOREVER: not yet */
    uint32_t chain, generation;
};

/* The pairs that follow from one code. Only the newest is good, and those in their grace time. */
struct rules_chain {
    uint32_t last; /* the newest */
    uint32_t client;
    bool revoked;
};

struct rules_code {
    int64_t until;
    uint32_t client;
    uint32_t chain; /* that it was exchanged for; 0: not yet */
    char name[RULES_CODE_NAME + 1];
};

struct rules {
    int64_t code_life_ms;
    int64_t refresh_life_ms;
    int64_t old_refresh_grace_ms, old_access_grace_ms;
    uint32_t access_life_s;
    bool code_reuse_revokes, refresh_reuse_revokes;
    const char *expired_refresh_error, *dead_access_error;
    bool installed, app_paid, paid_plan;
    uint32_t user_id;

    struct rules_client clients[RULES_CLIENTS];
    uint64_t seed; /* of the random part of a token */

    /* For unit tests: the tokens of pair 1 are "access1" and "refresh1", and a code's text is the
     * name that the test gives it. Nothing else changes. */
    bool readable;

    /* Numbers begin at 1. */
    struct rules_pair *pairs;
    struct rules_chain *chains;
    struct rules_code *codes;
    uint32_t pair_count, chain_count, code_count;
    uint32_t pair_room, chain_room, code_room;
};

struct rules_answer {
    int status;
    const char *error;       /* NULL: granted */
    const char *description; /* NULL: none */
    uint32_t pair;           /* that the token endpoint issued; 0: none */
};

void rules_init(struct rules *s, uint64_t seed);
void rules_free(struct rules *s);

/* A user authorizes this client. Returns the code's number. */
uint32_t rules_new_code(struct rules *s, uint32_t client, int64_t now_ms);

/* The same for the first client, with a text of at most RULES_CODE_NAME characters; s->readable. */
void rules_new_named_code(struct rules *s, const char *name, int64_t now_ms);

/* POST /oauth/token/ with this form. */
struct rules_answer rules_token(struct rules *s, const char *form, int64_t now_ms);

/* What REST answers to this form's `auth` before it does anything. */
struct rules_answer rules_check(const struct rules *s, const char *form, int64_t now_ms);

/* The answer to an error: the rows of tests/bitrix24/catalogue.py that the two above use. Aborts
 * where there is no such row. */
struct rules_answer rules_refusal(const char *error, const char *description);

/* Those rows, one by one; NULL after the last. */
const struct rules_answer *rules_row(size_t i);

/* Revokes all pairs, as when the application is removed from the portal. */
void rules_revoke(struct rules *s);

/* The server is restored from a backup that was made when this pair was the newest of its chain. */
void rules_restore(struct rules *s, uint32_t pair);

/* Whether a pair's refresh token would be accepted now, apart from settings that refuse all. */
bool rules_honours(const struct rules *s, uint32_t pair, int64_t now_ms);

/* Text of a token or code, and its number again; 0: not issued here. */
void rules_text(const struct rules *s, char kind, uint32_t number, char out[RULES_TOKEN + 1]);
uint32_t rules_number(const struct rules *s, char kind, const char *text);

/* The value of a field, decoded; "" where it is missing or longer. */
void rules_field(const char *form, const char *name, char *out, size_t size);

#define RULES_ACCESS  'a'
#define RULES_REFRESH 'r'
#define RULES_CODE    'c'

#endif
