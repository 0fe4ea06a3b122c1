/* SPDX-License-Identifier: Apache-2.0 */
#include "announce.h"

static void add(struct tk_text *t, const char *name, const char *value)
{
    tk_text_char(t, ' ');
    tk_text_add(t, name);
    tk_text_char(t, '=');
    tk_text_visible(t, value);
}

static void add_accounts(struct tk_text *t, struct tk_keeper *keeper)
{
    const char *before = " accounts=";

    for (unsigned i = 0; i < TK_ACCOUNTS; i++) {
        const struct tk_account *a = tk_keeper_account_at(keeper, i);

        if (a == NULL)
            continue;
        tk_text_add(t, before);
        tk_text_add(t, a->name);
        tk_text_char(t, ':');
        tk_text_add(t, tk_state_name(tk_account_state(a)));
        before = ",";
    }
}

void tk_host_announce(struct tk_keeper *keeper, const struct tk_control *control,
                      const struct tk_options *options, bool is_sealed)
{
    char line[4096];
    struct tk_text t;

    tk_text_init(&t, line, sizeof line);
    tk_text_add(&t, "version=" TK_VERSION);
    add_accounts(&t, keeper);
    add(&t, "console", options->console != NULL ? options->console : "stdio");
    add(&t, "socket", control->consumers.path);
    add(&t, "group", options->socket_group != NULL ? options->socket_group : "none");
    add(&t, "access", options->access != NULL ? options->access : "none");
    add(&t, "admin", control->admins.path);
    add(&t, "seal", is_sealed ? "aes-128-gcm" : "none");
    tk_host_message("%s", line);
}
