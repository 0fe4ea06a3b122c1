/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"
#include "tk_words.h"

#include <string.h>

/* By enum tk_event_type. */
static const char *const names[] = {"unknown",         "started", "exchanged", "forgotten",
                                    "raised",          "cleared", "recovered", "moved",
                                    "secret_promoted", "corrupt"};

static void add_account(struct tk_console *c, uint8_t account, struct tk_text *t)
{
    const struct tk_account *a = account < TK_ACCOUNTS ? &c->env->accounts->of[account] : NULL;

    tk_text_print(t, " ref=%s", a != NULL && a->used ? a->name : "(removed)");
}

static const char *name_of_key(uint16_t hash)
{
    for (size_t i = 0; i < TK_SETTING_ROWS; i++) {
        if (tk_history_hash(tk_setting_table[i].name) == hash)
            return tk_setting_table[i].name;
    }
    return "unknown";
}

/* What an event of `history` has beside time and name. */
static void add_details(struct tk_console *c, const struct tk_event *event, struct tk_text *t)
{
    char code[TK_ERR_CODE_MAX + 1];

    if (event->type != TK_EVENT_STARTED &&
        !(event->type == TK_EVENT_CORRUPT && event->account == TK_NO_ACCOUNT))
        add_account(c, event->account, t);
    if (event->level > 0)
        tk_text_print(t, " level=%u", (unsigned)event->level);
    if (event->type == TK_EVENT_RAISED || event->type == TK_EVENT_CLEARED)
        tk_text_print(t, " cause=%s",
                      event->cause == TK_E_COUNT ? "unknown" : tk_words_code(event->cause, code));
}

/* The same for a security event. */
static void add_security_details(struct tk_console *c, const struct tk_event *event,
                                 struct tk_text *t)
{
    if (event->account != TK_NO_ACCOUNT)
        add_account(c, event->account, t);
    if (event->key != 0)
        tk_command_pair(t, "key", name_of_key(event->key));
    tk_text_print(t, " count=%u", (unsigned)event->count);
}

/* unix=1795000000 boot=3 event=raised ref=token level=2 cause=timeout
 * unix=1795000000 boot=3 event=set ref=token key=portal count=2 */
static void add_event(struct tk_console *c, unsigned i, bool security, struct tk_text *t)
{
    const struct tk_history *h = &c->env->rt->history;
    struct tk_event event;

    if (security)
        tk_history_get_security(h, i, &event);
    else
        tk_history_get(h, i, &event);
    tk_text_print(t, "%s=%u boot=%u event=", event.is_unix ? "unix" : "uptime",
                  (unsigned)event.when, (unsigned)event.boot);
    if (security) {
        tk_text_add(t, tk_runtime_security_name(event.type));
        add_security_details(c, &event, t);
        return;
    }
    tk_text_add(t, names[event.type < sizeof names / sizeof names[0] ? event.type : 0]);
    add_details(c, &event, t);
}

static void answer_history(struct tk_console *c, unsigned count)
{
    char buf[40];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "events=%u boot=%u", count, (unsigned)tk_history_boots(&c->env->rt->history));
    tk_console_ok(c, &t);
}

static void step_history(struct tk_console *c)
{
    const struct tk_history *h = &c->env->rt->history;
    bool security = c->job.u.rows.count > 0;
    unsigned i = c->job.u.rows.next++, end = security ? h->security_count : h->count;
    char number[12], buf[160];
    struct tk_text key, t;

    if (i >= end) {
        answer_history(c, end);
        return;
    }
    tk_text_init(&key, number, sizeof number);
    tk_text_print(&key, "%u", i + 1);
    tk_text_init(&t, buf, sizeof buf);
    add_event(c, i, security, &t);
    tk_console_data(c, number, buf);
}

void tk_command_history(struct tk_console *c, char *args)
{
    bool security = strcmp(args, "--security") == 0;

    if (*args != '\0' && !security) {
        tk_console_err_usage(c);
        return;
    }
    tk_console_continue(c, step_history);
    c->job.u.rows.count = security;
}
