/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more thing; their numbers begin at 1. */
static void *grown(void *things, uint32_t count, uint32_t *room, size_t size)
{
    if (count + 1 < *room)
        return things;
    *room = *room == 0 ? 64 : *room * 2;
    things = realloc(things, *room * size);
    if (things == NULL)
        abort();
    return things;
}

void rules_init(struct rules *s, uint64_t seed)
{
    *s = (struct rules){.code_life_ms = 30 * 1000,
                        .refresh_life_ms = (int64_t)180 * 86400 * 1000,
                        .access_life_s = 3600,
                        .code_reuse_revokes = true,
                        .expired_refresh_error = "expired_token",
                        .dead_access_error = "invalid_token",
                        .installed = true,
                        .app_paid = true,
                        .paid_plan = true,
                        .user_id = 1,
                        .seed = seed};
    s->pairs = grown(NULL, 0, &s->pair_room, sizeof *s->pairs);
    s->chains = grown(NULL, 0, &s->chain_room, sizeof *s->chains);
    s->codes = grown(NULL, 0, &s->code_room, sizeof *s->codes);
}

void rules_free(struct rules *s)
{
    free(s->pairs);
    free(s->chains);
    free(s->codes);
    memset(s, 0, sizeof *s);
}

/* --- tokens as text --- */

/* The hex of so many bytes, the lowest first. */
static char *put_hex(char *out, uint64_t bytes, int count)
{
    static const char digits[] = "0123456789abcdef";

    for (; count > 0; count--, bytes >>= 8) {
        *out++ = digits[bytes >> 4 & 15];
        *out++ = digits[bytes & 15];
    }
    return out;
}

static uint32_t turned(uint32_t x)
{
    return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

/* splitmix64 */
static uint64_t mixed(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static int64_t end_of(const struct rules *s, char kind, uint32_t number)
{
    if (kind == RULES_CODE)
        return s->codes[number].until;
    return kind == RULES_ACCESS ? s->pairs[number].access_until : s->pairs[number].refresh_until;
}

static void put_readable(const struct rules *s, char kind, uint32_t number, char *out)
{
    if (kind == RULES_CODE)
        strcpy(out, s->codes[number].name);
    else
        snprintf(out, RULES_TOKEN + 1, "%s%u", kind == RULES_ACCESS ? "access" : "refresh", number);
}

/* As the real ones: hex of the expiry, little-endian, in bytes 0-3; the user, big-endian, in 12-15.
 * The number is in 4-7, where theirs are random. */
void rules_text(const struct rules *s, char kind, uint32_t number, char out[RULES_TOKEN + 1])
{
    uint64_t random = s->seed ^ (uint64_t)number << 8 ^ (uint8_t)kind;

    if (s->readable) {
        put_readable(s, kind, number, out);
        return;
    }
    out = put_hex(out, (uint32_t)(end_of(s, kind, number) / 1000), 4);
    out = put_hex(out, turned(number), 4);
    out = put_hex(out, (uint8_t)kind, 4);
    out = put_hex(out, turned(s->user_id), 4);
    for (int left = RULES_TOKEN / 2 - 16; left > 0; left -= 8) {
        random = mixed(random);
        out = put_hex(out, random, left < 8 ? left : 8);
    }
    *out = '\0';
}

/* The newest code of this name. */
static uint32_t named_code(const struct rules *s, const char *name)
{
    uint32_t number = s->code_count;

    while (number > 0 && strcmp(s->codes[number].name, name) != 0)
        number--;
    return number;
}

static uint32_t read_number(const struct rules *s, char kind, const char *text)
{
    char digits[9] = "";

    if (s->readable && kind == RULES_CODE)
        return named_code(s, text);
    if (s->readable)
        return (uint32_t)strtoul(text + strcspn(text, "0123456789"), NULL, 10);
    if (strlen(text) != RULES_TOKEN)
        return 0;
    memcpy(digits, text + 8, 8);
    return (uint32_t)strtoul(digits, NULL, 16);
}

uint32_t rules_number(const struct rules *s, char kind, const char *text)
{
    uint32_t count = kind == RULES_CODE ? s->code_count : s->pair_count;
    uint32_t number = read_number(s, kind, text);
    char same[RULES_TOKEN + 1];

    if (number == 0 || number > count || (kind != RULES_CODE && s->pairs[number].chain == 0))
        return 0;
    rules_text(s, kind, number, same);
    return strcmp(text, same) == 0 ? number : 0;
}

/* --- forms --- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)((at - digits) % 16);
}

static void decode(const char *from, size_t len, char *out)
{
    if (memchr(from, '%', len) == NULL && memchr(from, '+', len) == NULL) {
        memcpy(out, from, len); /* the usual case */
        out[len] = '\0';
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (from[i] == '%' && i + 2 < len && hex(from[i + 1]) >= 0 && hex(from[i + 2]) >= 0) {
            *out++ = (char)(hex(from[i + 1]) * 16 + hex(from[i + 2]));
            i += 2;
        } else {
            *out++ = from[i] == '+' ? ' ' : from[i];
        }
    }
    *out = '\0';
}

void rules_field(const char *form, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);

    *out = '\0';
    for (const char *at = form; *at != '\0';) {
        size_t len = (size_t)(strchrnul(at, '&') - at);

        if (len > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=' &&
            len - name_len - 1 < size)
            decode(at + name_len + 1, len - name_len - 1, out);
        at += len;
        at += *at == '&';
    }
}

/* --- refusals --- */

static const struct rules_answer refusals[] = {
    {400, "invalid_request", NULL, 0},
    {400, "invalid_client", NULL, 0},
    {200, "wrong_client", NULL, 0},
    {400, "invalid_grant", NULL, 0},
    {400, "expired_token", "The authorization token provided has expired.", 0},
    {403, "invalid_scope", NULL, 0},
    {401, "PAYMENT_REQUIRED", "Payment required", 0},
    {401, "NOT_INSTALLED", "Application not installed", 0},
    {401, "ERROR_OAUTH", "Application not installed", 0},
    {401, "NO_AUTH_FOUND", "Wrong authorization data", 0},
    {401, "invalid_token", "Unable to get application by token", 0},
    {401, "CONNECTION_ERROR", "Error connecting to authorization server", 0},
    {401, "authorization_error", "Unable to authorize user", 0},
    {401, "ACCESS_DENIED", "REST is available only on commercial plans.", 0},
    {503, "QUERY_LIMIT_EXCEEDED", "Too many requests", 0},
    {429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 0},
    {503, "OVERLOAD_LIMIT", "REST API is blocked due to overload", 0},
    {500, "INTERNAL_SERVER_ERROR", "Internal server error", 0},
};

/* Errors that REST answers differently from the authorization server. */
static const struct rules_answer rest_refusals[] = {
    {401, "expired_token", "The access token provided has expired", 0},
    {401, "PAYMENT_REQUIRED", "Subscription has been ended", 0},
};

static const struct rules_answer *find(const struct rules_answer *rows, size_t count,
                                       const char *error)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].error, error) == 0)
            return &rows[i];
    }
    return NULL;
}

struct rules_answer rules_refusal(const char *error, const char *description)
{
    const struct rules_answer *row = find(refusals, sizeof refusals / sizeof refusals[0], error);

    if (row == NULL)
        abort();
    struct rules_answer answer = *row;

    if (description != NULL)
        answer.description = description;
    return answer;
}

const struct rules_answer *rules_row(size_t i)
{
    return i < sizeof refusals / sizeof refusals[0] ? &refusals[i] : NULL;
}

static struct rules_answer rest_refusal(const char *error)
{
    const struct rules_answer *row =
        find(rest_refusals, sizeof rest_refusals / sizeof rest_refusals[0], error);

    return row != NULL ? *row : rules_refusal(error, NULL);
}

static struct rules_answer missing(const char *name)
{
    static char description[64];

    snprintf(description, sizeof description, "No \"%s\" parameter found", name);
    return rules_refusal("invalid_request", description);
}

/* --- codes and pairs --- */

uint32_t rules_new_code(struct rules *s, uint32_t client, int64_t now_ms)
{
    s->codes = grown(s->codes, s->code_count, &s->code_room, sizeof *s->codes);
    s->codes[++s->code_count] =
        (struct rules_code){.until = now_ms + s->code_life_ms, .client = client};
    return s->code_count;
}

void rules_new_named_code(struct rules *s, const char *name, int64_t now_ms)
{
    uint32_t number = rules_new_code(s, 0, now_ms);

    snprintf(s->codes[number].name, sizeof s->codes[number].name, "%s", name);
}

static struct rules_answer issue(struct rules *s, uint32_t chain, int64_t now_ms)
{
    struct rules_chain *c = &s->chains[chain];
    uint32_t generation = c->last == 0 ? 1 : s->pairs[c->last].generation + 1;

    s->pairs = grown(s->pairs, s->pair_count, &s->pair_room, sizeof *s->pairs);
    s->pairs[++s->pair_count] =
        (struct rules_pair){.access_until = now_ms + s->access_life_s * (int64_t)1000,
                            .refresh_until = now_ms + s->refresh_life_ms,
                            .replaced_at = RULES_FOREVER,
                            .chain = chain,
                            .generation = generation};
    c->last = s->pair_count;
    return (struct rules_answer){.status = 200, .pair = s->pair_count};
}

static struct rules_answer exchange(struct rules *s, uint32_t client, const char *text,
                                    int64_t now_ms)
{
    uint32_t number = rules_number(s, RULES_CODE, text);

    if (number == 0 || s->codes[number].client != client)
        return rules_refusal("invalid_grant", NULL);
    struct rules_code *code = &s->codes[number];

    if (code->chain != 0) {
        if (s->code_reuse_revokes) /* RFC 6749, 4.1.2 */
            s->chains[code->chain].revoked = true;
        return rules_refusal("invalid_grant", NULL);
    }
    if (now_ms >= code->until)
        return rules_refusal("expired_token", NULL);
    s->chains = grown(s->chains, s->chain_count, &s->chain_room, sizeof *s->chains);
    s->chains[++s->chain_count] = (struct rules_chain){.client = client};
    code->chain = s->chain_count;
    return issue(s, s->chain_count, now_ms);
}

static bool replaced(const struct rules_pair *pair, int64_t grace_ms, int64_t now_ms)
{
    return pair->replaced_at != RULES_FOREVER && now_ms >= pair->replaced_at + grace_ms;
}

static struct rules_answer renew(struct rules *s, uint32_t client, const char *text, int64_t now_ms)
{
    uint32_t number = rules_number(s, RULES_REFRESH, text);
    struct rules_pair *pair = &s->pairs[number];

    if (number == 0 || s->chains[pair->chain].client != client || s->chains[pair->chain].revoked)
        return rules_refusal("invalid_grant", NULL);
    struct rules_chain *chain = &s->chains[pair->chain];

    if (now_ms >= pair->refresh_until)
        return rules_refusal(s->expired_refresh_error, NULL);
    if (replaced(pair, s->old_refresh_grace_ms, now_ms)) {
        chain->revoked = s->refresh_reuse_revokes;
        return rules_refusal("invalid_grant", NULL);
    }
    /* In the grace time, too, only the newest answer stays good: chains do not branch. */
    s->pairs[chain->last].replaced_at = now_ms;
    return issue(s, pair->chain, now_ms);
}

bool rules_honours(const struct rules *s, uint32_t number, int64_t now_ms)
{
    if (number == 0)
        return false;
    const struct rules_pair *pair = &s->pairs[number];

    return !s->chains[pair->chain].revoked && now_ms < pair->refresh_until &&
           !replaced(pair, s->old_refresh_grace_ms, now_ms);
}

void rules_revoke(struct rules *s)
{
    for (uint32_t i = 1; i <= s->chain_count; i++)
        s->chains[i].revoked = true;
}

void rules_restore(struct rules *s, uint32_t pair)
{
    struct rules_chain *chain = &s->chains[s->pairs[pair].chain];

    for (uint32_t i = pair + 1; i <= s->pair_count; i++) {
        if (s->pairs[i].chain == s->pairs[pair].chain)
            s->pairs[i] = (struct rules_pair){.chain = 0}; /* not known any more */
    }
    s->pairs[pair].replaced_at = RULES_FOREVER;
    chain->last = pair;
    chain->revoked = false;
}

/* --- requests --- */

static int find_client(const struct rules *s, const char *id)
{
    for (int i = 0; i < RULES_CLIENTS; i++) {
        if (s->clients[i].id[0] != '\0' && strcmp(s->clients[i].id, id) == 0)
            return i;
    }
    return -1;
}

struct rules_answer rules_token(struct rules *s, const char *form, int64_t now_ms)
{
    char grant[40], id[130], secret[130], value[300];

    rules_field(form, "grant_type", grant, sizeof grant);
    bool is_code = strcmp(grant, "authorization_code") == 0;
    const char *spent = is_code ? "code" : "refresh_token";

    if (grant[0] == '\0')
        return missing("grant_type");
    if (!is_code && strcmp(grant, "refresh_token") != 0)
        return rules_refusal("invalid_request", "Invalid \"grant_type\" parameter");
    rules_field(form, "client_id", id, sizeof id);
    if (id[0] == '\0')
        return missing("client_id");
    int client = find_client(s, id);

    if (client < 0)
        return rules_refusal("wrong_client", NULL);
    rules_field(form, "client_secret", secret, sizeof secret);
    if (secret[0] == '\0')
        return missing("client_secret");
    if (strcmp(secret, s->clients[client].secret) != 0)
        return rules_refusal("invalid_client", NULL);
    if (!s->installed)
        return rules_refusal("NOT_INSTALLED", NULL);
    if (!s->app_paid)
        return rules_refusal("PAYMENT_REQUIRED", NULL);
    rules_field(form, spent, value, sizeof value);
    if (value[0] == '\0')
        return missing(spent);
    return is_code ? exchange(s, (uint32_t)client, value, now_ms)
                   : renew(s, (uint32_t)client, value, now_ms);
}

struct rules_answer rules_check(const struct rules *s, const char *form, int64_t now_ms)
{
    char token[300];

    rules_field(form, "auth", token, sizeof token);
    if (token[0] == '\0')
        return rest_refusal("NO_AUTH_FOUND");
    uint32_t number = rules_number(s, RULES_ACCESS, token);

    if (number == 0)
        return rest_refusal("invalid_token");
    const struct rules_pair *pair = &s->pairs[number];

    if (!s->installed)
        return rest_refusal("ERROR_OAUTH");
    if (!s->app_paid)
        return rest_refusal("PAYMENT_REQUIRED");
    if (s->chains[pair->chain].revoked || replaced(pair, s->old_access_grace_ms, now_ms))
        return rest_refusal(s->dead_access_error);
    if (now_ms >= pair->access_until)
        return rest_refusal("expired_token");
    if (!s->paid_plan)
        return rest_refusal("ACCESS_DENIED");
    return (struct rules_answer){.status = 200};
}
