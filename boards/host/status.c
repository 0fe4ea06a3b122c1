/* SPDX-License-Identifier: Apache-2.0 */

/* `tokenkeeper status`: all accounts of a gateway, for an operator or as JSON. */

#include "gateway.h"
#include "json_print.h"
#include "tk_limits.h"
#include "tk_string.h"
#include "tk_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFS = 64, VALUE = 256, COLUMNS = 80, INDENT = 12 };

/* The rows of `status` that are used. */
struct account {
    char state[32], reason[64], portal[VALUE], user_id[VALUE], expires_in[VALUE];
    char next_refresh_in[32], renew[VALUE], rest[32], action[VALUE];
};

struct summary {
    struct tk_gateway gateway;
    bool json, is_first;
    size_t count;
    char refs[REFS][TK_NAME_MAX + 1];
    struct account account;
};

static void note_ref(void *owner, char *line)
{
    struct summary *s = owner;

    if (tk_gateway_split(line) != NULL && s->count < REFS &&
        tk_copy(s->refs[s->count], sizeof s->refs[0], line))
        s->count++;
}

static void note_row(void *owner, char *line)
{
    struct summary *s = owner;
    struct account *a = &s->account;
    const struct {
        const char *key;
        char *to;
        size_t size;
    } rows[] = {{"state", a->state, sizeof a->state},
                {"reason", a->reason, sizeof a->reason},
                {"portal", a->portal, sizeof a->portal},
                {"user_id", a->user_id, sizeof a->user_id},
                {"expires_in", a->expires_in, sizeof a->expires_in},
                {"next_refresh_in", a->next_refresh_in, sizeof a->next_refresh_in},
                {"renew", a->renew, sizeof a->renew},
                {"rest", a->rest, sizeof a->rest},
                {"action", a->action, sizeof a->action}};
    const char *value = tk_gateway_split(line);

    if (value == NULL)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(line, rows[i].key) == 0)
            (void)snprintf(rows[i].to, rows[i].size, "%s", value);
    }
    if (!s->json)
        return;
    fputs(s->is_first ? "" : ",", stdout);
    s->is_first = false;
    tk_json_print(stdout, line, strlen(line));
    putchar(':');
    tk_json_print(stdout, value, strlen(value));
}

/* --- what it means --- */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool has_token(const struct account *a)
{
    return a->expires_in[0] >= '1' && a->expires_in[0] <= '9';
}

static int status_of(const struct account *a)
{
    bool waits_for_clock = is(a->expires_in, "unknown") || is(a->reason, "clock_unknown") ||
                           is(a->reason, "not_seeded");

    if (waits_for_clock || is(a->state, "no_client") || is(a->state, "needs_code") ||
        is(a->state, "blocked"))
        return TK_EXIT_OPERATOR;
    return is(a->state, "ready") || (is(a->state, "refreshing") && has_token(a)) ? TK_EXIT_OK
                                                                                 : TK_EXIT_RETRY;
}

/* An account that needs an operator outweighs one that is retried. */
static int worse(int a, int b)
{
    if (a == TK_EXIT_OPERATOR || b == TK_EXIT_OPERATOR)
        return TK_EXIT_OPERATOR;
    return a == TK_EXIT_OK ? b : a;
}

/* --- for an operator --- */

static void print_span(const char *seconds)
{
    long n = strtol(seconds, NULL, 10);

    if (n < 120)
        printf("%ld s", n);
    else if (n < 7200)
        printf("%ld min", n / 60);
    else if (n < 2 * 86400)
        printf("%ld h", n / 3600);
    else
        printf("%ld days", n / 86400);
}

/* A name, then words behind it and below, wrapped; a word that is longer than a line stays whole.
 */
static void print_words(const char *name, const char *words)
{
    int column = printf("%-*s", INDENT - 1, name);

    while (*words != '\0') {
        int len = (int)strcspn(words, " ");

        if (column > INDENT && column + 1 + len > COLUMNS)
            column = printf("\n%*s", INDENT - 1, "") - 1;
        column += printf(" %.*s", len, words);
        words += len + (int)strspn(words + len, " ");
    }
    putchar('\n');
}

static void print_token(const struct account *a)
{
    printf("%*stoken for ", INDENT, "");
    print_span(a->expires_in);
    if (a->next_refresh_in[0] >= '0' && a->next_refresh_in[0] <= '9') {
        printf(", renewal in ");
        print_span(a->next_refresh_in);
    }
    printf(" (renew %s)\n", a->renew);
}

static void print_account(const char *ref, const struct account *a)
{
    char words[3 * VALUE];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_text_add(&t, a->state);
    if (!is(a->reason, "none"))
        tk_text_print(&t, ": %s", a->reason);
    if (a->portal[0] != '\0')
        tk_text_print(&t, ", %s", a->portal);
    if (a->user_id[0] != '\0')
        tk_text_print(&t, ", user %s", a->user_id);
    print_words(ref, words);
    if (has_token(a))
        print_token(a);
    if (!is(a->rest, "ok") && !is(a->rest, "unknown"))
        printf("%*sREST calls: %s\n", INDENT, "", a->rest);
    if (a->action[0] != '\0') {
        snprintf(words, sizeof words, "next: %s", a->action);
        print_words("", words);
    }
}

/* --- asking --- */

static void print_member(const char *name, const char *value)
{
    printf("\"%s\":", name);
    tk_json_print(stdout, value, strlen(value));
    putchar(',');
}

static void print_gateway(const struct summary *s)
{
    const struct tk_gateway *g = &s->gateway;

    if (!s->json) {
        printf("%-*s %s, tokenkeeper %s on %s\n", INDENT - 1, "gateway", g->id, g->version,
               g->board);
        return;
    }
    putchar('{');
    print_member("id", g->id);
    print_member("version", g->version);
    print_member("board", g->board);
    fputs("\"accounts\":[", stdout);
}

static enum tk_gateway_result ask_account(struct summary *s, size_t i)
{
    char command[TK_NAME_MAX + 8];

    memset(&s->account, 0, sizeof s->account);
    snprintf(command, sizeof command, "ref %s", s->refs[i]);
    enum tk_gateway_result result =
        tk_gateway_ask(&s->gateway, command, TK_GATEWAY_ASK_MS, NULL, NULL);

    if (s->json)
        printf("%s{", i == 0 ? "" : ",");
    s->is_first = true;
    if (result == TK_GATEWAY_OK)
        result = tk_gateway_ask(&s->gateway, "status", TK_GATEWAY_ASK_MS, note_row, s);
    if (s->json)
        putchar('}');
    else if (result == TK_GATEWAY_OK)
        print_account(s->refs[i], &s->account);
    return result;
}

static int summarize(struct summary *s)
{
    char selected[TK_NAME_MAX + 1];
    enum tk_gateway_result result =
        tk_gateway_ask(&s->gateway, "ref", TK_GATEWAY_ASK_MS, note_ref, s);
    int status = TK_EXIT_OK;

    (void)tk_gateway_pair(&s->gateway, "ref", selected, sizeof selected);
    print_gateway(s);
    for (size_t i = 0; i < s->count && result == TK_GATEWAY_OK; i++) {
        result = ask_account(s, i);
        status = worse(status, status_of(&s->account));
    }
    if (s->json)
        printf("],\"exit\":%d}\n", result == TK_GATEWAY_OK ? status : TK_EXIT_RETRY);
    if (result != TK_GATEWAY_OK) {
        tk_host_message("%s: %s", s->gateway.code, s->gateway.words);
        return tk_gateway_status(&s->gateway, result);
    }
    (void)tk_gateway_select(&s->gateway, selected, NULL);
    return status;
}

int tk_host_status(const struct tk_options *options)
{
    static struct summary s;
    int status;

    s.json = options->json;
    status = tk_gateway_open(&s.gateway, options);
    if (status != TK_EXIT_OK)
        return status;
    status = summarize(&s);
    tk_gateway_close(&s.gateway);
    return fflush(stdout) == 0 ? status : TK_EXIT_INTERNAL;
}
