/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console_run.h"

#include "tk_assert.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_refusal.h"
#include "tk_version.h"

#include <string.h>

/* So long after a byte of an address, what follows is a part of it. */
#define PASTE_MS 256

static uint8_t sixteenths(uint64_t ms)
{
    return (uint8_t)(ms / 16);
}

/* --- commands --- */

static void run_command(struct tk_console *c, char *line);

/* Then the command that waited for it. */
static void take_pin(struct tk_console *c, char *pin)
{
    char line[sizeof c->job.u.guarded.line];

    memcpy(line, c->job.u.guarded.line, sizeof line);
    if (tk_console_unlock(c, pin)) {
        tk_console_end_job(c);
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

static const struct tk_command *find_command(const struct tk_console *c, const char *line,
                                             const char **args)
{
    const struct tk_command *command = tk_dispatch_find(c->env->table, line, args);

    return command == NULL && c->line.is_address ? c->env->table->address : command;
}

static void run_command(struct tk_console *c, char *line)
{
    const char *args;
    const struct tk_command *command = find_command(c, line, &args);

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
    const struct tk_command *command = find_command(c, line, &args);

    if (c->job.step == NULL)
        return true;
    if (!c->job.preemptible || command == NULL || (command->flags & TK_COMMAND_PREEMPTS) == 0)
        return false;
    tk_console_cancel(c, TK_E_CANCELLED);
    return true;
}

/* Answers ERR without affecting the command in progress. */
static void refuse_line(struct tk_console *c, const char *prefix)
{
    tk_refusal_answer(c, prefix);
    tk_output_text(&c->out, "\r\n");
    if (c->line.typed[0] != '@')
        tk_console_prompt(c);
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
        tk_console_prompt(c);
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
    if (c->line.refusal != TK_OK) {
        tk_refusal_answer(c, c->prefix);
        tk_console_answered(c);
    } else if (c->line.len == 0) {
        tk_console_err(c, TK_E_NEED_VALUE);
    } else {
        on_value(c, c->line.typed);
    }
}

static void end_line(struct tk_console *c)
{
    tk_line_finish(&c->line, &c->out);
    if (c->job.on_value != NULL)
        take_value(c);
    else
        run_line(c);
    TK_ASSERT(c->answer_due == tk_console_is_busy(c)); /* the command answered, or continues */
    tk_line_clear(&c->line);
}

/* Ctrl-C cancels the command in progress or the question, else the half-typed line. */
static void interrupt(struct tk_console *c)
{
    if (tk_console_is_busy(c)) {
        tk_console_cancel(c, TK_E_CANCELLED);
        tk_line_clear(&c->line);
    } else {
        tk_console_end_pem(c);
        tk_output_text(&c->out, "^C");
        tk_line_kill(&c->line, &c->out);
        tk_console_prompt(c);
    }
}

static void take_byte(struct tk_console *c, char byte)
{
    if (c->line.is_held && byte == '@')
        end_line(c); /* a program's line */
    c->line.is_quiet = c->job.step != NULL;
    c->read_at = sixteenths(tk_runtime_now(c->env->rt));
    switch (tk_line_byte(&c->line, byte, &c->out)) {
    case TK_LINE_DONE:
        end_line(c);
        break;
    case TK_LINE_KILLED:
        tk_console_prompt(c);
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
    tk_console_prompt(c);
}

static void detach(struct tk_console *c)
{
    if (!c->attached)
        return;
    tk_console_cancel(c, TK_E_CANCELLED);
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

static void expire_paste(struct tk_console *c, uint64_t now_ms)
{
    if (c->line.is_held && (uint8_t)(sixteenths(now_ms) - c->read_at) >= sixteenths(PASTE_MS))
        end_line(c);
}

static void expire_question(struct tk_console *c, uint64_t now_ms)
{
    if (c->job.on_value == NULL || now_ms < c->job.deadline_ms)
        return;
    tk_output_new_line(&c->out);
    tk_console_err(c, TK_E_NEED_VALUE);
    tk_line_clear(&c->line);
}

/* EVT and LOG lines take the place of a line that is being typed, which follows them. */
static void flush_async(struct tk_console *c)
{
    bool is_typing = c->out.async_len > 0 && tk_line_is_shown(&c->line);

    if (tk_console_is_busy(c))
        return;
    if (is_typing)
        tk_output_clear_line(&c->out);
    tk_output_flush_async(&c->out);
    if (is_typing)
        tk_line_draw(&c->line, &c->out);
}

static uint64_t wake_for_job(const struct tk_console *c, uint64_t now_ms)
{
    if (c->job.step != NULL && (!c->job.waiting || c->job.paused) && tk_output_has_room(&c->out))
        return now_ms; /* no event follows for room that the last flush made */
    if (c->job.on_value == NULL && (c->job.step == NULL || now_ms >= c->job.deadline_ms))
        return UINT64_MAX; /* an event wakes it: what it waits for, or room */
    return c->job.deadline_ms;
}

static uint64_t next_run(const struct tk_console *c, uint64_t now_ms)
{
    uint64_t due_ms = wake_for_job(c, now_ms);

    return c->line.is_held && due_ms > now_ms + PASTE_MS ? now_ms + PASTE_MS : due_ms;
}

void tk_console_end(struct tk_console *c)
{
    tk_console_cancel(c, TK_E_CANCELLED);
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
    expire_paste(c, now_ms);
    expire_question(c, now_ms);
    run_steps(c);
    if (c->line.is_stale)
        tk_line_draw(&c->line, &c->out);
    flush_async(c);
    if (tk_output_flush(&c->out) == TK_CONSOLE_CLOSED) /* reading may be blocked by a full queue */
        detach(c);
    return next_run(c, now_ms);
}
