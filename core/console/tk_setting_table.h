/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SETTING_TABLE_H
#define TK_SETTING_TABLE_H

/* The settings of `set`, `unset` and `show`: the rows of tk_settings.h. */

#include "tk_console.h"

enum tk_setting_flag {
    TK_SETTING_HIDDEN = 1, /* not echoed */
    TK_SETTING_MASKED = 2, /* printed as length and digest */
    TK_SETTING_SECRET = TK_SETTING_HIDDEN | TK_SETTING_MASKED,
    TK_SETTING_GUARDED = 4 /* console_pin is asked for before it is changed */
};

/* What settings of a kind have in common. */
struct tk_setting_kind {
    /* Checks, stores and applies a value; "" restores the default. TK_E_BAD_VALUE, and what the
     * room that owns the setting may return. */
    enum tk_err (*store)(struct tk_console *c, uint8_t which, const char *value);
    /* Appends the value in clear, secrets too; nothing where it is not set. */
    void (*print)(struct tk_console *c, uint8_t which, struct tk_text *t);
    /* Appends, for `show`, what is in effect where the value does not say it. NULL: nothing. */
    void (*print_effect)(struct tk_console *c, struct tk_text *t);
    /* The note= of an answer to `set`, a constant; NULL: none. */
    const char *(*note)(struct tk_console *c);
};

/* This table alone says which settings are secret: the echo, show, and answers follow it. */
struct tk_setting_row {
    const char *name; /* "": left out of this build */
    uint8_t flags;    /* enum tk_setting_flag */
    uint8_t which; /* enum tk_setting, tk_task_setting or tk_webhook_setting, for store and print */
    uint8_t kind;  /* of tk_setting_kinds */
};

enum {
    TK_SETTING_ROWS = 0
#define TK_SETTING(name, flags, which, kind, values, about) +1
#include "tk_settings.h"
#undef TK_SETTING
};

extern const struct tk_setting_row tk_setting_table[TK_SETTING_ROWS];
extern const struct tk_setting_kind tk_setting_kinds[];

/* The setting of that name, in either case, or NULL. */
const struct tk_setting_row *tk_setting_find(const char *name);

/* The string (tk_words.h) of the valid values; the next one is what the setting is for. */
unsigned tk_setting_values(const struct tk_setting_row *row);

/* Of an account, and not of the device. */
bool tk_setting_is_of_account(const struct tk_setting_row *row);

/* For struct tk_command_table. */
bool tk_setting_is_secret(const char *args);
bool tk_setting_is_guarded(const char *args);

/* The value of a setting that is not secret, as it is stored. */
void tk_setting_print(struct tk_console *c, const char *name, struct tk_text *t);

/* The authorization host in use, whether set or automatic; nothing while no portal is set. */
void tk_setting_print_auth_host(struct tk_console *c, struct tk_text *t);

#endif
