/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_H
#define RULES_H

/*
 * The rules of Bitrix24's authorization server in C, because the simulation asks them millions of
 * times: how codes and pairs are made, spent, rotated and refused. tests/bitrix24/oauth.py is the
 * reference; tests/world/test_rules.py asks both the same and wants the same answers. Settings
 * have the names and defaults of tests/bitrix24/settings.py.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RULES_TOKEN = 70, RULES_CLIENTS = 2 };

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

/* What grew from one code. The last of its pairs lives. */
struct rules_chain {
    uint32_t last;
    uint32_t client;
    bool revoked;
};

struct rules_code {
    int64_t until;
    uint32_t client;
    uint32_t chain; /* what it was exchanged for; 0: not yet */
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
    uint64_t seed; /* of what is random in a token */

    /* numbers begin at 1 */
    struct rules_pair *pairs;
    struct rules_chain *chains;
    struct rules_code *codes;
    uint32_t pair_count, chain_count, code_count;
    uint32_t pair_room, chain_room, code_room;
};

struct rules_answer {
    int status;
    const char *error;       /* NULL: it is granted */
    const char *description; /* NULL: none */
    uint32_t pair;           /* the new one of the token endpoint */
};

void rules_init(struct rules *s, uint64_t seed);
void rules_free(struct rules *s);

/* Somebody has authorized. The code's number. */
uint32_t rules_new_code(struct rules *s, uint32_t client, int64_t now_ms);

/* POST /oauth/token/ with this form. */
struct rules_answer rules_token(struct rules *s, const char *form, int64_t now_ms);

/* What REST says to this form's `auth` before it does anything. */
struct rules_answer rules_check(const struct rules *s, const char *form, int64_t now_ms);

/* How an error is answered: the rows of tests/bitrix24/catalogue.py that the two above use. */
struct rules_answer rules_refusal(const char *error, const char *description);

/* Those rows, one by one; NULL behind the last. */
const struct rules_answer *rules_row(size_t i);

/* Drops all pairs, as when the application is removed from the portal. */
void rules_revoke(struct rules *s);

/* Whether a pair's refresh token would be taken now, were it not for settings that forbid all. */
bool rules_honours(const struct rules *s, uint32_t pair, int64_t now_ms);

/* Text of a token or code, and its number again; 0: none of ours. */
void rules_text(const struct rules *s, char kind, uint32_t number, char out[RULES_TOKEN + 1]);
uint32_t rules_number(const struct rules *s, char kind, const char *text);

/* The value of a field, decoded; "" where it is missing or longer. */
void rules_field(const char *form, const char *name, char *out, size_t size);

#define RULES_ACCESS  'a'
#define RULES_REFRESH 'r'
#define RULES_CODE    'c'

#endif
