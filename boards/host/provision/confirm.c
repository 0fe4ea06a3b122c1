/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "ask_secret.h"
#include "tk_json.h"
#include "tk_wipe.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Whose pair it is, the PIN, and the card of the gateway. */

enum { BODY_MAX = 8192, TOKENS = 256, REFRESH_WAITS = 100, REFRESH_WAIT_MS = 300 };

static struct {
    size_t len;
    char text[BODY_MAX + 1];
} body;

static void take_body(void *owner, char *line)
{
    const char *value = tk_gateway_split(line);
    size_t len = value == NULL ? 0 : strlen(value);

    (void)owner;
    if (strcmp(line, "body") != 0 || len > BODY_MAX - body.len)
        return;
    memcpy(body.text + body.len, value, len);
    body.len += len;
}

/* A name that the portal has sent. */
static void add_name(char *out, size_t size, const char *name)
{
    size_t len = strlen(out);

    if (name == NULL || *name == '\0')
        return;
    if (len > 0 && len + 1 < size)
        out[len++] = ' ';
    snprintf(out + len, size - len, "%s", name);
    tk_steps_clean(out);
}

/* The name of the user; without it the id has to do. */
static void read_user(struct tk_flow *f)
{
    jsmntok_t tokens[TOKENS];
    struct tk_json j;
    int result;

    body.len = 0;
    f->user_name[0] = '\0';
    if (tk_flow_try(f, "call profile", TK_GATEWAY_SLOW_MS, take_body) != TK_GATEWAY_OK ||
        !tk_json_parse(&j, body.text, body.len, tokens, TOKENS))
        return;
    result = tk_json_member(&j, 0, "result");
    add_name(f->user_name, sizeof f->user_name,
             tk_json_text(&j, tk_json_member(&j, result, "NAME")));
    add_name(f->user_name, sizeof f->user_name,
             tk_json_text(&j, tk_json_member(&j, result, "LAST_NAME")));
}

static bool judge_user(struct tk_flow *f)
{
    const char *user = tk_plan_value(f->plan, "user");
    char words[TK_HOST_PATH + 400];

    if (user == NULL || strcmp(user, f->user_id) == 0)
        return true;
    snprintf(words, sizeof words,
             "user %s has logged in (%s), not %.48s; the token is stored. To replace it: %s, then "
             "repeat and log in as the right user",
             f->user_id, f->user_name, user, tk_flow_do(f, "auth forget"));
    return tk_flow_fail(f, TK_EXIT_OPERATOR, "other_user", words);
}

/* Reads the status; again while a refresh is under way. */
static bool await_refresh(struct tk_flow *f)
{
    for (int i = 0; i < REFRESH_WAITS; i++) {
        if (!tk_flow_read_status(f))
            return false;
        if (strcmp(f->state, "refreshing") != 0 && strcmp(f->state, "exchanging") != 0)
            return true;
        (void)tk_gateway_listen(&f->gateway, REFRESH_WAIT_MS);
    }
    return true;
}

bool tk_flow_confirm(struct tk_flow *f)
{
    tk_steps_begin(&f->p->steps, "ready");
    if (!await_refresh(f))
        return false;
    read_user(f);
    if (!judge_user(f))
        return false;
    if (strcmp(f->state, "ready") != 0)
        return tk_flow_fail(f, strcmp(f->state, "retrying") == 0 ? TK_EXIT_RETRY : TK_EXIT_OPERATOR,
                            f->reason, f->action);
    if (strcmp(f->rest, "access_denied") == 0)
        return tk_flow_fail(f, TK_EXIT_OPERATOR, "access_denied",
                            "the token is there, but the portal refuses its use: see its plan");
    tk_steps_ok(&f->p->steps, "%stoken until %.5s UTC, user %s (%s%s%s)",
                f->was_ready ? "already, nothing was changed: " : "",
                strlen(f->expires_at) > 16 ? f->expires_at + 11 : "?", f->user_id, f->user_name,
                f->user_name[0] != '\0' ? ", " : "", f->portal);
    return true;
}

/* --- the PIN --- */

static enum tk_gateway_result set_pin(struct tk_flow *f, const char *pin)
{
    char command[TK_SECRET_SIZE + 24];

    snprintf(command, sizeof command, "set console_pin %s", pin);
    enum tk_gateway_result result = tk_flow_try(f, command, TK_GATEWAY_ASK_MS, NULL);

    tk_wipe(command, sizeof command);
    if (result == TK_GATEWAY_OK)
        tk_steps_ok(&f->p->steps, "set: the console asks for it before it gives or changes trust");
    return result;
}

/* Without one, the gateway is ready as well. */
static void ask_pin(struct tk_flow *f)
{
    static const char question[] = "PIN for this console, 6 to 16 characters (Enter: none): ";
    char pin[TK_SECRET_SIZE] = "";
    bool done = false;

    while (!done && tk_ask_secret(question, pin, sizeof pin) && *pin != '\0') {
        done = set_pin(f, pin) == TK_GATEWAY_OK;
        if (!done)
            tk_steps_note(&f->p->steps, f->gateway.words);
    }
    tk_wipe(pin, sizeof pin);
    if (!done)
        tk_steps_ok(&f->p->steps, "none. If others can reach the console: %s",
                    tk_flow_do(f, "set console_pin"));
}

void tk_flow_propose_pin(struct tk_flow *f)
{
    bool asks = f->p->from == NULL && !f->p->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

    if (f->exit != TK_EXIT_OK || f->pin[0] != '\0' || f->p->no_pin || f->was_ready)
        return;
    tk_steps_begin(&f->p->steps, "pin");
    if (f->p->sets_pin) {
        enum tk_gateway_result result = set_pin(f, f->p->secrets.pin);

        if (result != TK_GATEWAY_OK)
            (void)tk_flow_fail_result(f, result);
    } else if (asks) {
        ask_pin(f);
    } else {
        tk_steps_ok(&f->p->steps, "none. If others can reach the console: %s",
                    tk_flow_do(f, "set console_pin"));
    }
}

/* --- the card --- */

static const char *vendor_note(const struct tk_flow *f)
{
    return strcmp(f->renew, "on-demand") == 0 ? "" : "; Bitrix24 advises on-demand, see --renew";
}

void tk_flow_print_card(const struct tk_flow *f)
{
    const char *account = tk_plan_value(f->plan, "account"), *note = tk_plan_value(f->plan, "note");
    char now[32];
    time_t t = time(NULL);
    struct tm utc;

    if (f->p->json || f->p->from != NULL || f->exit != TK_EXIT_OK)
        return;
    strftime(now, sizeof now, "%Y-%m-%d %H:%M UTC", gmtime_r(&t, &utc));
    printf("gateway   %s (%s, tokenkeeper %s)\n", f->gateway.id, f->gateway.board,
           f->gateway.version);
    printf("portal    %s\n", f->portal);
    printf("account   %s\n", account != NULL ? account : "token");
    printf("user      %s%s%s%s\n", f->user_id, f->user_name[0] != '\0' ? " (" : "", f->user_name,
           f->user_name[0] != '\0' ? ")" : "");
    printf("ready     %s, token %s\n", now, f->generation);
    printf("renewal   %s%s%s\n", strcmp(f->renew, "on-demand") == 0 ? "" : "every ", f->renew,
           vendor_note(f));
    if (note != NULL)
        printf("note      %s\n", note);
    (void)fflush(stdout);
}
