/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COMMAND_H
#define TK_COMMAND_H

/* The commands of the console, and what they share. tk_command_table.c puts them into a table. */

#include "tk_console.h"

void tk_command_help(struct tk_console *c, char *args);
void tk_command_version(struct tk_console *c, char *args);
void tk_command_status(struct tk_console *c, char *args);
void tk_command_show(struct tk_console *c, char *args);
void tk_command_history(struct tk_console *c, char *args);
void tk_command_set(struct tk_console *c, char *args);
void tk_command_unset(struct tk_console *c, char *args);
void tk_command_check(struct tk_console *c, char *args);
void tk_command_auth_begin(struct tk_console *c, char *args);
void tk_command_auth_code(struct tk_console *c, char *args);
void tk_command_auth_refresh(struct tk_console *c, char *args);
void tk_command_auth_forget(struct tk_console *c, char *args);
void tk_command_portal_accept(struct tk_console *c, char *args);
void tk_command_token(struct tk_console *c, char *args);
void tk_command_call(struct tk_console *c, char *args);
void tk_command_pin(struct tk_console *c, char *args);
void tk_command_escalate_test(struct tk_console *c, char *args);
void tk_command_corezoid_takeover(struct tk_console *c, char *args);
void tk_command_ca_list(struct tk_console *c, char *args);
void tk_command_ca_begin(struct tk_console *c, char *args);
void tk_command_ca_add(struct tk_console *c, char *args);
void tk_command_ca_end(struct tk_console *c, char *args);
bool tk_command_ca_pem(struct tk_console *c, char *line); /* see struct tk_command_table */
void tk_command_ca_del(struct tk_console *c, char *args);
void tk_command_time(struct tk_console *c, char *args);
void tk_command_seed(struct tk_console *c, char *args);
void tk_command_ref(struct tk_console *c, char *args);
void tk_command_ref_add(struct tk_console *c, char *args);
void tk_command_ref_del(struct tk_console *c, char *args);
void tk_command_log(struct tk_console *c, char *args);
void tk_command_selftest(struct tk_console *c, char *args);
void tk_command_reboot(struct tk_console *c, char *args);
void tk_command_factory_reset(struct tk_console *c, char *args);

/* --- for commands --- */

enum { TK_PAIRS_SIZE = 512 }; /* bytes of an OK line's pairs, NUL included */

#define TK_COMMAND_WAIT_MS 25000 /* timeout of a command that waits for a server */

/* Continues the command with a step that waits for an event. The command is late once wait_ms have
 * passed; its step runs then and must answer. */
void tk_command_wait(struct tk_console *c, tk_console_step step, uint32_t wait_ms);
bool tk_command_is_late(const struct tk_console *c);

/* Appends `key=` to the pairs of an OK line, after a space unless it is the first. */
void tk_command_key(struct tk_text *t, const char *key);

/* Appends `key=value`. */
void tk_command_pair(struct tk_text *t, const char *key, const char *value);

enum tk_hint {
#define TK_HINT(id, hint) TK_HINT_##id,
#include "tk_hints.h"
#undef TK_HINT
};

/* Answers ERR bad_value with a hint of the command's. */
void tk_command_err_hint(struct tk_console *c, enum tk_hint hint);

/* Answers OK with one pair. */
void tk_command_ok(struct tk_console *c, const char *key, const char *value);

/* Reports a security event (tk_runtime_security), of account a or of the device (NULL). A change,
 * not a refusal, is stored at once: refusals must not wear out the flash. */
void tk_command_report(struct tk_console *c, enum tk_security_type type, const struct tk_account *a,
                       const char *key);

/* Erases what was deleted from the flash. Where some of it is left, appends in how many sectors:
 * `left=2/8`. */
void tk_command_scrub(struct tk_console *c, struct tk_text *t);

/* Appends before and how many sectors of the flash no longer erase, "2/8"; nothing if all do. */
void tk_command_worn(struct tk_console *c, struct tk_text *t, const char *before);

/* Appends `len=50 sha256=3fa1b2c4`: a secret's length and the start of its SHA-256, by which an
 * operator can compare it. name, unless "", goes before both keys: `<name>_len=50 ...`. */
void tk_command_masked(struct tk_text *t, const char *name, const char *secret);

/* Queues text in lines of at most 80 characters, which end between words; the later ones are
 * indented. Modifies text, which has a space within each 80 characters. */
void tk_command_wrapped(struct tk_console *c, char *text);

enum { TK_ITEM_TITLE = 12 }; /* characters of a title */

/* Queues "key value" as an item of a page in columns, in lines of at most 80 characters. title: of
 * a new group; NULL: the item belongs to the group of the one before. The command's job is `rows`.
 */
void tk_command_item(struct tk_console *c, const char *title, const char *key, const char *value);

/* Cuts the next word off *args; "" at the end. */
char *tk_command_word(char **args);

#endif
