/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A whole gateway behind servers whose answers, cuts and timing the input draws, a step a line:
 *
 *      a           the user authorizes: a code is issued and entered
 *      b BODY      the next answer has status 200 and this body
 *      h FIELDS    ... has these fields of the head; | stands for a line end
 *      s STATUS    ... has this status and an HTML body
 *      e ERROR     ... has this OAuth error and status 400
 *      B H S E     the same of all answers until the next such step
 *      x KIND      the next answer is: i none; c none, closed; l lost; r lost, reset; t truncated;
 *                  g garbage. Until the next step `x`: u untrusted; n no name; x refused; d silent
 *      f EVENT N   bytes to the gateway: s stall, f end, r reset after N; p come N at a time
 *      l MS        delay of all answers
 *      w MINUTES   time passes
 *      o S         power off, and on again after S
 *      p N         power fails in the Nth next operation of the flash
 *      k N         a command of the list below
 *
 * In these texts $a and $r stand for the tokens that the gateway has, $s for its client secret, $c
 * for the last code.
 *
 * The gateway stays responsive; no secret is in any output, whatever the servers say back; and a
 * pair is never lost without a definitive answer: when all faults have ended, it is renewed.
 */

#include "fuzz.h"

#include "provision.h"

enum { LINE = 600, STEPS = 20, MINUTE_MS = 60000 };

static const char *const commands[] = {"status --all",
                                       "show",
                                       "history",
                                       "check",
                                       "auth begin",
                                       "auth refresh",
                                       "auth begin other_user",
                                       "events",
                                       "version",
                                       "escalate test",
                                       "set escalate_url https://hooks.example/Zq7kW2x9LmB4",
                                       "unset escalate_url",
                                       "set renew on-demand",
                                       "set renew 1500",
                                       "ref",
                                       "ref add second",
                                       "ref del second"};

static struct world w;
static void (*world_on_request)(struct server *s, unsigned host, const char *request);
static char code[RULES_TOKEN + 1];
static bool had_pair;
static bool is_definitive; /* an answer may have ended the pair */

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* --- output --- */

static void check_hidden(const char *text, const char *secret)
{
    if (!fuzz_has(text, secret))
        return;
    fprintf(stderr, "%s is in:\n%s\n", secret, text);
    abort();
}

/* Tokens that a server makes up may be other words, too. */
static void check_token(const char *text, char kind, const char *token)
{
    if (rules_number(&w.server.rules, kind, token) != 0)
        check_hidden(text, token);
}

static void check_text(const char *text)
{
    check_token(text, RULES_ACCESS, account()->pair.access);
    check_token(text, RULES_REFRESH, account()->pair.refresh);
    check_hidden(text, CLIENT_SECRET);
    check_hidden(text, code);
    check_hidden(text, "Zq7kW2x9LmB4"); /* in the path of the webhook */
}

static void check_output(void)
{
    static char text[1 << 16];
    size_t len = tk_sim_console_drain(&w.port, 0, text, sizeof text - 1);

    text[len] = '\0';
    CHECK(len < sizeof text - 1 && strlen(text) == len);
    check_text(text);
    check_text(w.events);
    check_text(w.last_post);
    w.events[0] = '\0';
}

/* --- answers --- */

static void on_request(struct server *s, unsigned host, const char *request)
{
    is_definitive |= s->grant.error != NULL;
    world_on_request(s, host, request);
}

static void fault(struct server_fault x, unsigned count)
{
    w.fault_count = count;
    server_set_fault(&w.server, SERVER_ALL, &x);
}

static const char *word_of(char c)
{
    return c == 'a'   ? account()->pair.access
           : c == 'r' ? account()->pair.refresh
           : c == 's' ? CLIENT_SECRET
           : c == 'c' ? code
                      : NULL;
}

static void expand(char *out, size_t size, const char *text)
{
    struct tk_text t;

    tk_text_init(&t, out, size);
    for (; *text != '\0'; text++) {
        const char *word = *text == '$' ? word_of(text[1]) : NULL;

        if (word == NULL)
            tk_text_char(&t, *text == '|' ? '\n' : *text);
        else
            tk_text_add(&t, word);
        text += word != NULL;
    }
}

static void say(char op, const char *text)
{
    static char kept[4 * LINE];
    struct server_fault x = {.kind = SERVER_STATUS, .status = 200, .body = "{}"};

    char what = op | ' '; /* in lower case */

    is_definitive |= strstr(text, "error") != NULL || strchr(text, '\\') != NULL;
    expand(kept, sizeof kept - 1, text);
    if (what == 'b') {
        x.body = kept;
    } else if (what == 'e') {
        x = (struct server_fault){.kind = SERVER_ERROR, .status = 400, .error = kept};
        is_definitive = true;
    } else if (what == 's') {
        x.status = 200 + (int)fuzz_number(text, 399);
        x.body = "<html>";
    } else {
        strcat(kept, "\n");
        x.fields = kept;
    }
    fault(x, op == what);
}

static void fail(char kind)
{
    static const char kinds[] = "iclrtgunxd";
    static const enum server_fault_kind of[] = {
        SERVER_IGNORES, SERVER_CLOSES,    SERVER_LOSES,   SERVER_LOSES,   SERVER_TRUNCATES,
        SERVER_GARBAGE, SERVER_HANDSHAKE, SERVER_NO_NAME, SERVER_REFUSES, SERVER_UNREACHABLE};
    const char *at = kind == '\0' ? NULL : strchr(kinds, kind);
    struct server_fault x = {.kind = SERVER_WELL, .handshake = TK_E_TLS_UNTRUSTED};

    if (at == NULL) {
        fault(x, 0);
        return;
    }
    x.kind = of[at - kinds];
    x.reset = kind == 'r';
    fault(x, at - kinds < 6);
}

static void flow(const char *text)
{
    struct server_fault x = {.kind = SERVER_FLOW};
    const char *number = text + strcspn(text, "0123456789");
    unsigned n = fuzz_number(number, 2000);

    x.down.after = n;
    x.down.until_ms = w.port.now_ms + 100000;
    if (text[0] == 'p')
        x.down.at_most = 1 + n;
    else
        x.down.event = text[0] == 's' ? TK_SIM_STALL : text[0] == 'f' ? TK_SIM_FIN : TK_SIM_RESET;
    fault(x, 2);
}

/* --- steps --- */

static void type(const char *line)
{
    tk_sim_console_feed(&w.port, 0, line, strlen(line));
    tk_sim_console_feed(&w.port, 0, "\n", 1);
}

/* As world_run, until power fails. */
static void run(uint64_t ms)
{
    uint64_t end_ms = w.port.now_ms + ms;
    unsigned idle = 0;

    while (w.port.now_ms < end_ms) {
        uint64_t before = w.port.now_ms, until_ms = tk_keeper_run(&w.keeper);

        if (w.flash.off)
            return;
        tk_wait(&w.port, until_ms < end_ms ? until_ms : end_ms);
        idle = w.port.now_ms == before ? idle + 1 : 0;
        CHECK(idle < 1000); /* else it spins */
    }
    (void)tk_keeper_run(&w.keeper);
}

static void authorize(void)
{
    char line[RULES_TOKEN + 32];
    struct rules *r = &w.server.rules;

    rules_text(r, RULES_CODE, rules_new_code(r, 0, server_now(&w.server)), code);
    snprintf(line, sizeof line, "@1 auth code %s", code);
    type(line);
}

static void command(unsigned n)
{
    type("\x03");
    run(10);
    type(commands[n % (sizeof commands / sizeof commands[0])]);
}

static void step(const char *line)
{
    const char *rest = line + (line[0] != '\0');

    rest += *rest == ' ';
    unsigned n = fuzz_number(rest, 100000);

    if (line[0] != '\0' && strchr("bhseBHSE", line[0]) != NULL) {
        say(line[0], rest);
        return;
    }
    switch (line[0]) {
    case 'a':
        authorize();
        break;
    case 'x':
        fail(*rest);
        return;
    case 'f':
        flow(rest);
        return;
    case 'l':
        world_latency(&w, n % 60000);
        return;
    case 'w':
        run((1 + n % 60) * (uint64_t)MINUTE_MS);
        return;
    case 'o':
        world_restart(&w, 1 + n * 1000);
        return;
    case 'p':
        w.flash.cut_at = w.flash.operations + 1 + n % 50;
        return;
    case 'k':
        command(n);
        break;
    default:
        return;
    }
    run(30000);
}

static void note(void)
{
    if (w.flash.off)
        world_restart(&w, 1000);
    check_output();
    CHECK((account()->pair.access[0] == '\0') == (account()->pair.refresh[0] == '\0'));
    had_pair = had_pair || account()->pair.refresh[0] != '\0';
}

static bool is_ready(void)
{
    return tk_account_state(account()) == TK_READY;
}

/* At most a day, and its slowest probe. */
static void recover(void)
{
    fail('\0');
    world_latency(&w, 0);
    w.flash.cut_at = 0;
    run(17 * MINUTE_MS);
    for (int i = 0; i < 25 && had_pair && !is_definitive && !is_ready(); i++) {
        run(60 * MINUTE_MS);
        check_output();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char line[LINE];

    code[0] = '\0';
    had_pair = is_definitive = false;
    world_init(&w, 1);
    w.dies_with_flash = true;
    world_on_request = w.server.on_request;
    w.server.on_request = on_request;
    set_client(&w);
    for (int i = 0; i < STEPS && in.left > 0; i++) {
        (void)fuzz_line(&in, line, sizeof line);
        step(line);
        note();
    }
    recover();
    note();
    CHECK(!had_pair || is_definitive || is_ready());
    type("\x03");
    run(130000);
    check_output();
    CHECK(strncmp(world_type(&w, "version"), "OK", 2) == 0);
    world_free(&w);
    return 0;
}
