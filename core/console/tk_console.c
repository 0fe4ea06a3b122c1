/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console.h"

#include "tk_command.h"
#include "tk_console_io.h"
#include "tk_console_out.h"
#include "tk_device.h"
#include "tk_keeper.h"
#include "tk_version.h"

#include <string.h>

#define ASKING_MS 60000
#define CTRL_C    0x03
#define BACKSPACE 0x08
#define CTRL_U    0x15
#define ESC       0x1b
#define DEL       0x7f

enum { NO_ESCAPE, AFTER_ESC, IN_SEQUENCE };

void tk_console_init(struct tk_console *c, struct tk_keeper *keeper, unsigned line)
{
    *c = (struct tk_console){.keeper = keeper, .line = line};
}

/* --- a command under way --- */

bool tk_console_is_program(const struct tk_console *c)
{
    return c->prefix[0] != '\0';
}

struct tk_account *tk_console_account(struct tk_console *c)
{
    struct tk_account *a = &c->keeper->accounts[c->ref];

    return a->used ? a : tk_keeper_account(c->keeper, NULL);
}

void tk_console_continue(struct tk_console *c, tk_console_step step)
{
    c->job.step = step;
}

void tk_console_ask(struct tk_console *c, const char *setting)
{
    c->asking = setting;
    c->job.deadline_ms = tk_keeper_now(c->keeper) + ASKING_MS;
    tk_console_new_line(c);
    tk_console_put_text(c, setting);
    tk_console_put_text(c, ": ");
}

static void end_early(struct tk_console *c, enum tk_err why)
{
    if (c->job.end != NULL)
        c->job.end(c, why);
    else if (c->job.step != NULL)
        tk_console_err(c, why);
}

/* --- a line that is whole --- */

/* "@<1 to 10 digits> " to c->prefix. The rest of the line, or NULL when there is no such
 * beginning. A line without @ has an empty prefix. */
static char *take_prefix(char *line, char prefix[TK_PREFIX_SIZE])
{
    size_t digits = 0;

    prefix[0] = '\0';
    if (line[0] != '@')
        return line;
    while (tk_is_digit(line[1 + digits]))
        digits++;
    if (digits < 1 || digits > 10 || (line[1 + digits] != ' ' && line[1 + digits] != '\0'))
        return NULL;
    memcpy(prefix, line, 1 + digits);
    prefix[1 + digits] = ' ';
    prefix[2 + digits] = '\0';
    return line + 1 + digits;
}

static char *trim(char *s)
{
    size_t len;

    s += strspn(s, " ");
    len = strlen(s);
    while (len > 0 && s[len - 1] == ' ')
        s[--len] = '\0';
    return s;
}

static void run_command(struct tk_console *c, char *line)
{
    const char *args;
    const struct tk_command *command = tk_command_find(line, &args);

    c->command = command;
    if (command == NULL)
        tk_console_err(c, TK_E_UNKNOWN_COMMAND);
    else if ((command->needs && *args == '\0') || (command->form[0] == '\0' && *args != '\0'))
        tk_command_err_usage(c);
    else
        command->run(c, line + (args - line));
}

/* Another command is at work. Only `auth code` may end it, and only where nothing is lost. */
static bool must_wait(struct tk_console *c, const char *line)
{
    const char *args;
    const struct tk_command *command = tk_command_find(line, &args);

    if (c->job.step == NULL)
        return false;
    if (!c->job.yields || command == NULL || command->run != tk_command_auth_code)
        return true;
    end_early(c, TK_E_CANCELLED);
    return false;
}

static void run_line(struct tk_console *c)
{
    char prefix[TK_PREFIX_SIZE];
    char *line = take_prefix(c->typed, prefix);

    if (line == NULL && c->refusal == TK_OK)
        c->refusal = TK_E_BAD_PREFIX;
    if (line != NULL)
        line = trim(line);
    if (c->refusal == TK_OK && line[0] == '\0' && prefix[0] == '\0') {
        tk_console_prompt(c);
        return;
    }
    if (c->refusal == TK_OK && must_wait(c, line))
        c->refusal = TK_E_BUSY;
    if (c->refusal != TK_OK) {
        tk_console_put_err(c, prefix, c->refusal, c->refusal);
        tk_console_put_text(c, "\r\n");
        if (c->typed[0] != '@')
            tk_console_prompt(c);
        return;
    }
    memcpy(c->prefix, prefix, sizeof prefix);
    run_command(c, line);
}

static void answer_asked(struct tk_console *c)
{
    const char *setting = c->asking;

    c->asking = NULL;
    if (c->refusal != TK_OK)
        tk_console_err(c, c->refusal);
    else if (c->len == 0)
        tk_console_err(c, TK_E_NEED_VALUE);
    else
        tk_command_set_asked(c, setting, c->typed);
}

/* --- the echo --- */

static bool is_echoed(const struct tk_console *c)
{
    return c->asking == NULL && c->typed[0] != '@' && c->hidden_from == 0;
}

static void say_hidden(struct tk_console *c)
{
    char buf[40];
    struct tk_text t;

    if (c->hidden_from == 0 && c->asking == NULL)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_char(&t, '(');
    tk_text_int(&t, c->len - c->hidden_from);
    tk_text_add(&t, " characters, hidden)");
    tk_console_put_text(c, buf);
}

static void forget_line(struct tk_console *c)
{
    tk_wipe(c->typed, sizeof c->typed);
    c->len = 0;
    c->hidden_from = 0;
    c->refusal = TK_OK;
}

/* --- bytes --- */

static void end_line(struct tk_console *c)
{
    c->typed[c->len] = '\0';
    say_hidden(c);
    if (c->typed[0] != '@' || c->asking != NULL)
        tk_console_put_text(c, "\r\n");
    if (c->asking != NULL)
        answer_asked(c);
    else
        run_line(c);
    forget_line(c);
}

static void add_byte(struct tk_console *c, char byte)
{
    if (c->len == TK_LINE_MAX) {
        c->refusal = TK_E_LINE_TOO_LONG;
        return;
    }
    c->typed[c->len++] = byte;
    c->typed[c->len] = '\0';
    if (is_echoed(c))
        tk_console_put(c, &byte, 1);
    if (c->hidden_from == 0 && byte == ' ' && tk_command_is_hidden(c->typed))
        c->hidden_from = c->len;
}

static void erase_byte(struct tk_console *c)
{
    if (c->len == 0)
        return;
    if (c->len == c->hidden_from)
        c->hidden_from = 0;
    if (is_echoed(c))
        tk_console_put_text(c, "\b \b");
    c->typed[--c->len] = '\0';
}

static void kill_line(struct tk_console *c)
{
    tk_console_put_text(c, "\r\n");
    forget_line(c);
    tk_console_prompt(c);
}

/* Ends what is at work, or what is asked, or the line that is being typed. */
static void interrupt(struct tk_console *c)
{
    if (c->asking != NULL) {
        c->asking = NULL;
        tk_console_err(c, TK_E_CANCELLED);
        forget_line(c);
    } else if (c->job.step != NULL) {
        end_early(c, TK_E_CANCELLED);
        forget_line(c);
    } else {
        tk_console_put_text(c, "^C");
        kill_line(c);
    }
}

/* Arrow keys and pasting send escape sequences: ESC x, ESC O x, ESC [ ... letter. Nothing here
 * uses them; they are dropped whole. A control byte ends one that is broken. */
static bool in_escape(struct tk_console *c, char byte)
{
    if (c->escape == NO_ESCAPE || (byte > 0 && byte < 0x20)) {
        c->escape = byte == ESC ? AFTER_ESC : NO_ESCAPE;
        return byte == ESC;
    }
    if (c->escape == AFTER_ESC && (byte == '[' || byte == 'O'))
        c->escape = IN_SEQUENCE;
    else if (c->escape == AFTER_ESC || (byte >= 0x40 && byte <= 0x7e))
        c->escape = NO_ESCAPE;
    return true;
}

/* CR, LF and CRLF each end one line. */
static bool is_line_end(struct tk_console *c, char byte)
{
    bool second = byte == '\n' && c->after_cr;

    c->after_cr = byte == '\r';
    return (byte == '\r' || byte == '\n') && !second;
}

static void take_control(struct tk_console *c, char byte)
{
    if (byte == CTRL_C)
        interrupt(c);
    else if (byte == CTRL_U)
        kill_line(c);
    else if (byte == BACKSPACE || byte == DEL)
        erase_byte(c);
    else if (byte == '\t')
        add_byte(c, ' ');
    else if (byte != '\0' && byte != '\n')
        c->refusal = c->refusal == TK_OK ? TK_E_BAD_BYTE : c->refusal;
}

static void take_byte(struct tk_console *c, char byte)
{
    if (in_escape(c, byte))
        return;
    if (is_line_end(c, byte))
        end_line(c);
    else if (byte >= 0x20 && byte < 0x7f)
        add_byte(c, byte);
    else
        take_control(c, byte);
}

/* --- coming, going, running --- */

static void attach(struct tk_console *c)
{
    struct tk_keeper *k = c->keeper;
    char buf[160];
    struct tk_text t;

    tk_console_init(c, k, c->line);
    c->attached = true;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "EVT hello version=" TK_VERSION " board=");
    tk_text_add(&t, k->config->board);
    tk_text_add(&t, " id=");
    tk_text_add(&t, tk_device_id(k->config->port));
    tk_console_put_line(c, buf);
    tk_console_prompt(c);
}

static void detach(struct tk_console *c)
{
    if (!c->attached)
        return;
    end_early(c, TK_E_CANCELLED);
    tk_wipe(c->typed, sizeof c->typed);
    tk_wipe(c->out, sizeof c->out);
    tk_console_init(c, c->keeper, c->line);
}

/* One byte at a time, so that a command that is still printing keeps the rest in the port. */
static bool read_byte(struct tk_console *c)
{
    char byte;
    int n = tk_console_read(c->keeper->config->port, c->line, &byte, 1);

    if (n == TK_CONSOLE_CLOSED) {
        detach(c);
        return false;
    }
    if (!c->attached)
        attach(c);
    if (n == TK_CONSOLE_OVERRUN)
        c->refusal = TK_E_RX_OVERRUN;
    if (n == 1)
        take_byte(c, byte);
    return n != 0;
}

static bool can_read(const struct tk_console *c)
{
    return tk_console_room(c) > TK_ANSWER_MAX && (c->job.step == NULL || c->job.waiting);
}

/* As many steps as have something to print, while there is room for it. */
static void run_steps(struct tk_console *c)
{
    uint32_t lines;

    do {
        if (c->job.step == NULL || tk_console_room(c) <= TK_ANSWER_MAX)
            return;
        lines = c->lines;
        c->job.step(c);
        tk_console_flush(c);
    } while (c->lines != lines || !c->job.waiting);
}

static void give_up_asking(struct tk_console *c, uint64_t now_ms)
{
    if (c->asking == NULL || now_ms < c->job.deadline_ms)
        return;
    tk_console_new_line(c);
    c->asking = NULL;
    tk_console_err(c, TK_E_NEED_VALUE);
    forget_line(c);
}

uint64_t tk_console_run(struct tk_console *c, uint64_t now_ms)
{
    /* A line of input is at most TK_LINE_MAX bytes; twice that a pass lets others work too. */
    for (int i = 0; i < 2 * TK_LINE_MAX && (!c->attached || can_read(c)); i++) {
        if (!read_byte(c))
            break;
        run_steps(c);
        tk_console_flush(c); /* before the end of input is read, which drops what waits */
    }
    give_up_asking(c, now_ms);
    run_steps(c);
    tk_console_put_async(c);
    if (tk_console_flush(c) == TK_CONSOLE_CLOSED) /* else it would wait for room, unread */
        detach(c);
    if (c->job.step != NULL && !c->job.waiting && tk_console_room(c) > TK_ANSWER_MAX)
        return now_ms; /* room that came with the last flush is told by nobody */
    if (c->asking == NULL && (c->job.step == NULL || now_ms >= c->job.deadline_ms))
        return UINT64_MAX; /* it goes on with what it waits for, or when there is room */
    return c->job.deadline_ms;
}
