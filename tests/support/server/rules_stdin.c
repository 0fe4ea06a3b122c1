/* SPDX-License-Identifier: Apache-2.0 */

/* server_rules: applies rules.h to what comes on stdin, a line at a time, for test_rules.py. */

#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rules rules;
static int64_t now_ms;

static void set(const char *name, long long value)
{
    const struct {
        const char *name;
        int64_t *ms;
        bool *yes;
    } settings[] = {{"code_life_ms", &rules.code_life_ms, NULL},
                    {"refresh_life_ms", &rules.refresh_life_ms, NULL},
                    {"old_refresh_grace_ms", &rules.old_refresh_grace_ms, NULL},
                    {"old_access_grace_ms", &rules.old_access_grace_ms, NULL},
                    {"code_reuse_revokes", NULL, &rules.code_reuse_revokes},
                    {"refresh_reuse_revokes", NULL, &rules.refresh_reuse_revokes},
                    {"installed", NULL, &rules.installed},
                    {"app_paid", NULL, &rules.app_paid},
                    {"paid_plan", NULL, &rules.paid_plan}};

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].name, name) != 0)
            continue;
        if (settings[i].ms != NULL)
            *settings[i].ms = value;
        else
            *settings[i].yes = value != 0;
        return;
    }
    abort();
}

static void answer(struct rules_answer a)
{
    char access[RULES_TOKEN + 1] = "-", refresh[RULES_TOKEN + 1] = "-";

    if (a.pair != 0) {
        rules_text(&rules, RULES_ACCESS, a.pair, access);
        rules_text(&rules, RULES_REFRESH, a.pair, refresh);
    }
    printf("%d %s %s %s\n", a.status, a.error == NULL ? "ok" : a.error, access, refresh);
}

static void run(const char *line)
{
    char word[16] = "", name[64] = "", value[80] = "";
    const char *rest = strchr(line, ' ');
    long long number = 0;

    sscanf(line, "%15s %63s %79s", word, name, value);
    rest = rest == NULL ? "" : rest + 1;
    number = atoll(value);
    if (strcmp(word, "now") == 0) {
        now_ms = atoll(name);
    } else if (strcmp(word, "client") == 0) {
        struct rules_client *c = &rules.clients[rules.clients[0].id[0] != '\0'];

        snprintf(c->id, sizeof c->id, "%s", name);
        snprintf(c->secret, sizeof c->secret, "%.63s", value);
    } else if (strcmp(word, "set") == 0) {
        set(name, number);
    } else if (strcmp(word, "code") == 0) {
        char code[RULES_TOKEN + 1];

        rules_text(&rules, RULES_CODE, rules_new_code(&rules, (uint32_t)atoi(name), now_ms), code);
        printf("%s\n", code);
    } else if (strcmp(word, "token") == 0) {
        answer(rules_token(&rules, rest, now_ms));
    } else if (strcmp(word, "check") == 0) {
        answer(rules_check(&rules, rest, now_ms));
    } else if (strcmp(word, "row") == 0) {
        const struct rules_answer *row = rules_row((size_t)atoi(name));

        printf("%d %s\n", row == NULL ? 0 : row->status, row == NULL ? "-" : row->error);
    } else if (strcmp(word, "revoke") == 0) {
        rules_revoke(&rules);
    }
}

int main(void)
{
    static char line[4096];

    rules_init(&rules, 1);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        run(line);
        fflush(stdout);
    }
    rules_free(&rules);
    return 0;
}
