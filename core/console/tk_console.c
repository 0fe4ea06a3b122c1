/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console.h"

#include "tk_answer.h"
#include "tk_assert.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_version.h"

#include <string.h>

#define QUESTION_MS 60000
#define UNLOCKED_MS 300000

static bool is_secret(const void *table, const char *typed)
{
    return tk_dispatch_is_secret(table, typed);
}

void tk_console_init(struct tk_console *c, const struct tk_console_env *env, unsigned number)
{
    TK_ASSERT(number < TK_CONSOLES && env->table != NULL);
    *c = (struct tk_console){.env = env};
    tk_output_init(&c->out, env->rt->config->port, number);
    tk_line_init(&c->line, is_secret, env->table);
}

bool tk_console_is_program(const struct tk_console *c)
{
    return c->prefix[0] != '\0';
}

void tk_console_emit(struct tk_console *c, const char *line)
{
    if (c->attached)
        tk_output_async(&c->out, line);
}

/* --- a command in progress --- */

struct tk_account *tk_console_account(struct tk_console *c)
{
    struct tk_account *selected = &c->env->accounts->of[c->ref];

    if (c->job.account != NULL)
        return c->job.account;
    return selected->used ? selected : tk_accounts_find(c->env->accounts, NULL);
}

static bool is_busy(const struct tk_console *c)
{
    return c->job.step != NULL || c->job.on_value != NULL;
}

static void prompt(struct tk_console *c)
{
    if (!is_busy(c))
        tk_output_prompt(&c->out);
}

/* The command keeps its account until it answers. */
static void pin_account(struct tk_console *c)
{
    if (c->job.account != NULL)
        return;
    c->job.account = tk_console_account(c);
    c->job.account->pins++;
}

static void end_job(struct tk_console *c)
{
    if (c->job.account != NULL) {
        TK_ASSERT(c->job.account->pins > 0);
        c->job.account->pins--;
    }
    memset(&c->job, 0, sizeof c->job);
    c->line.no_echo = false;
    c->line.kept = 0;
}

void tk_console_continue(struct tk_console *c, tk_console_step step)
{
    TK_ASSERT(c->answer_due && step != NULL && c->job.on_value == NULL);
    pin_account(c);
    c->job.step = step;
}

void tk_console_ask(struct tk_console *c, const char *question,
                    void (*on_value)(struct tk_console *c, char *value))
{
    TK_ASSERT(c->answer_due && on_value != NULL && c->job.step == NULL);
    pin_account(c);
    c->job.on_value = on_value;
    c->job.deadline_ms = tk_runtime_now(c->env->rt) + QUESTION_MS;
    c->line.no_echo = true;
    tk_output_new_line(&c->out);
    tk_output_text(&c->out, question);
    tk_output_text(&c->out, ": ");
}

static void cancel_job(struct tk_console *c, enum tk_err why)
{
    if (c->job.cancel != NULL)
        c->job.cancel(c, why);
    else if (is_busy(c))
        tk_console_err(c, why);
}

void tk_console_answered(struct tk_console *c)
{
    TK_ASSERT(c->answer_due);
    tk_output_text(&c->out, "\r\n");
    c->answer_due = false;
    end_job(c);
    if (!tk_console_is_program(c))
        prompt(c);
}

void tk_console_unanswered(struct tk_console *c)
{
    TK_ASSERT(c->answer_due);
    c->answer_due = false;
    if (c->pem != TK_PEM_INSIDE)
        prompt(c);
}

/* --- console_pin --- */

bool tk_console_is_locked(const struct tk_console *c)
{
    const struct tk_config *config = c->env->rt->config;
    bool is_trusted = config->is_trusted != NULL && config->is_trusted(config->ctx, c->out.number);

    return !is_trusted && tk_runtime_now(c->env->rt) >= c->unlocked_until_ms &&
           tk_pin_is_set(c->env->pin, c->env->rt);
}

bool tk_console_unlock(struct tk_console *c, const char *pin)
{
    struct tk_runtime *rt = c->env->rt;
    uint32_t wait_s;
    enum tk_err err = tk_pin_check(c->env->pin, rt, pin, &wait_s);

    if (err == TK_OK) {
        c->unlocked_until_ms = tk_runtime_now(rt) + UNLOCKED_MS;
        return true;
    }
    if (err == TK_E_WRONG_PIN)
        tk_runtime_security(rt, TK_SECURITY_WRONG_PIN, TK_NO_ACCOUNT, NULL, NULL);
    tk_console_err_retry(c, err, wait_s);
    return false;
}

static void run_command(struct tk_console *c, char *line);

/* Then the command that waited for it. */
static void take_pin(struct tk_console *c, char *pin)
{
    char line[sizeof c->job.u.guarded.line];

    memcpy(line, c->job.u.guarded.line, sizeof line);
    if (tk_console_unlock(c, pin)) {
        end_job(c);
        run_command(c, line);
    }
    tk_wipe(line, sizeof line);
}

/* An operator is asked; a program, and a line that is too long to be kept, must begin with pin. */
static void ask_pin(struct tk_console *c, const char *line)
{
    if (tk_console_is_program(c) || strlen(line) >= sizeof c->job.u.guarded.line) {
        tk_console_err(c, TK_E_PIN_NEEDED);
        return;
    }
    tk_console_ask(c, "console_pin", take_pin);
    tk_copy(c->job.u.guarded.line, sizeof c->job.u.guarded.line, line);
}

/* Words that several commands begin with are explained, to an operator. */
static void refuse_unknown(struct tk_console *c, char *line)
{
    const struct tk_command_table *table = c->env->table;

    for (char *at = line; *at != '\0'; at++)
        *at = tk_lower(*at);
    for (size_t i = 0; i < table->count && !tk_console_is_program(c) && line[0] != '\0'; i++) {
        if (tk_dispatch_matches(table->commands[i].name, line) == 0)
            continue;
        c->command = table->commands;
        c->command->run(c, line);
        return;
    }
    tk_console_err_unknown(c, line);
}

static void run_command(struct tk_console *c, char *line)
{
    const char *args;
    const struct tk_command *command = tk_dispatch_find(c->env->table, line, &args);

    c->command = command;
    if (command == NULL)
        refuse_unknown(c, line);
    else if (((command->flags & TK_COMMAND_NEEDS_ARGS) != 0 && *args == '\0') ||
             (*tk_command_usage(command) == '\0' && *args != '\0'))
        tk_console_err_usage(c);
    else if (tk_console_is_locked(c) && c->env->table->is_guarded(command, args))
        ask_pin(c, line);
    else
        command->run(c, line + (args - line));
}

/* Whether no other command is in progress. A preemptible one is cancelled for a command that
 * preempts. */
static bool may_run(struct tk_console *c, const char *line)
{
    const char *args;
    const struct tk_command *command = tk_dispatch_find(c->env->table, line, &args);

    if (c->job.step == NULL)
        return true;
    if (!c->job.preemptible || command == NULL || (command->flags & TK_COMMAND_PREEMPTS) == 0)
        return false;
    cancel_job(c, TK_E_CANCELLED);
    return true;
}

/* Answers ERR without affecting the command in progress. */
static void refuse_line(struct tk_console *c, const char *prefix)
{
    tk_answer_err(c, prefix, c->line.refusal, c->line.refusal);
    tk_output_text(&c->out, "\r\n");
    if (c->line.typed[0] != '@')
        prompt(c);
}

static void run_line(struct tk_console *c)
{
    enum tk_err *refusal = &c->line.refusal;
    char prefix[TK_PREFIX_SIZE];
    char *line = tk_dispatch_prefix(c->line.typed, prefix);

    if (line == NULL && *refusal == TK_OK)
        *refusal = TK_E_BAD_PREFIX;
    if (line != NULL)
        line = tk_dispatch_trim(line);
    if (*refusal == TK_OK && (line[0] == '\0' || line[0] == '#') && prefix[0] == '\0') {
        prompt(c);
        return;
    }
    if (*refusal == TK_OK && !may_run(c, line))
        *refusal = TK_E_BUSY;
    if (*refusal != TK_OK) {
        refuse_line(c, prefix);
        return;
    }
    memcpy(c->prefix, prefix, sizeof prefix);
    c->answer_due = true;
    if (tk_console_is_program(c) || !c->env->table->take_line(c, line))
        run_command(c, line);
}

/* The account stays pinned until the answer. */
static void take_value(struct tk_console *c)
{
    void (*on_value)(struct tk_console *, char *) = c->job.on_value;

    c->job.on_value = NULL;
    c->line.no_echo = false;
    if (c->line.refusal != TK_OK)
        tk_console_err(c, c->line.refusal);
    else if (c->line.len == 0)
        tk_console_err(c, TK_E_NEED_VALUE);
    else
        on_value(c, c->line.typed);
}

static void end_line(struct tk_console *c)
{
    if (c->job.on_value != NULL)
        take_value(c);
    else
        run_line(c);
    TK_ASSERT(c->answer_due == is_busy(c)); /* the command answered, or continues */
    tk_line_clear(&c->line);
}

/* Ctrl-C cancels the command in progress or the question, else the half-typed line. */
static void interrupt(struct tk_console *c)
{
    if (is_busy(c)) {
        cancel_job(c, TK_E_CANCELLED);
        tk_line_clear(&c->line);
    } else {
        c->pem = TK_PEM_OFF;
        tk_output_text(&c->out, "^C");
        tk_line_kill(&c->line, &c->out);
        prompt(c);
    }
}

static void take_byte(struct tk_console *c, char byte)
{
    switch (tk_line_byte(&c->line, byte, &c->out)) {
    case TK_LINE_DONE:
        end_line(c);
        break;
    case TK_LINE_KILLED:
        prompt(c);
        break;
    case TK_LINE_INTERRUPT:
        interrupt(c);
        break;
    default:
        break;
    }
}

/* --- attaching, detaching, running --- */

static void attach(struct tk_console *c)
{
    const struct tk_config *config = c->env->rt->config;
    char buf[160];
    struct tk_text t;

    tk_console_init(c, c->env, c->out.number);
    c->attached = true;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "EVT hello version=" TK_VERSION " board=%s id=%s", config->board,
                  tk_device_id(config->port));
    tk_output_line(&c->out, buf);
    c->env->table->greet(c);
    prompt(c);
}

static void detach(struct tk_console *c)
{
    if (!c->attached)
        return;
    cancel_job(c, TK_E_CANCELLED);
    tk_line_clear(&c->line);
    tk_wipe(c->out.buf, sizeof c->out.buf);
    tk_console_init(c, c->env, c->out.number);
}

/* One byte at a time: what follows stays in the port while a command still prints. False: there is
 * nothing to read. */
static bool read_byte(struct tk_console *c)
{
    char byte;
    int n = tk_console_read(c->out.port, c->out.number, &byte, 1);

    if (n == TK_CONSOLE_CLOSED) {
        detach(c);
        return false;
    }
    if (!c->attached)
        attach(c);
    if (n == TK_CONSOLE_OVERRUN)
        c->line.refusal = TK_E_RX_OVERRUN;
    if (n == 1)
        take_byte(c, byte);
    return n != 0;
}

static bool can_read(const struct tk_console *c)
{
    return tk_output_has_room(&c->out) && (c->job.step == NULL || c->job.waiting);
}

/* Steps until one prints nothing, as long as there is room. */
static void run_steps(struct tk_console *c)
{
    uint32_t lines;

    do {
        if (c->job.step == NULL || !tk_output_has_room(&c->out))
            return;
        lines = c->out.lines;
        c->job.step(c);
        tk_output_flush(&c->out);
    } while (c->out.lines != lines || !c->job.waiting);
}

static void expire_question(struct tk_console *c, uint64_t now_ms)
{
    if (c->job.on_value == NULL || now_ms < c->job.deadline_ms)
        return;
    tk_output_new_line(&c->out);
    tk_console_err(c, TK_E_NEED_VALUE);
    tk_line_clear(&c->line);
}

static uint64_t next_run(const struct tk_console *c, uint64_t now_ms)
{
    if (c->job.step != NULL && (!c->job.waiting || c->job.paused) && tk_output_has_room(&c->out))
        return now_ms; /* no event follows for room that the last flush made */
    if (c->job.on_value == NULL && (c->job.step == NULL || now_ms >= c->job.deadline_ms))
        return UINT64_MAX; /* an event wakes it: what it waits for, or room */
    return c->job.deadline_ms;
}

void tk_console_end(struct tk_console *c)
{
    cancel_job(c, TK_E_CANCELLED);
    (void)tk_output_flush(&c->out);
}

uint64_t tk_console_run(struct tk_console *c, uint64_t now_ms)
{
    c->env->rt->console = (uint8_t)c->out.number;
    /* At most two lines of input a pass, so that timers and network get their turn. */
    for (int i = 0; i < 2 * TK_LINE_MAX && (!c->attached || can_read(c)); i++) {
        if (!read_byte(c))
            break;
        run_steps(c);
        tk_output_flush(&c->out); /* before TK_CONSOLE_CLOSED is read, which drops it */
    }
    expire_question(c, now_ms);
    run_steps(c);
    if (!is_busy(c))
        tk_output_flush_async(&c->out);
    if (tk_output_flush(&c->out) == TK_CONSOLE_CLOSED) /* reading may be blocked by a full queue */
        detach(c);
    return next_run(c, now_ms);
}
