/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_words.h"

#include <string.h>

static void answer(struct tk_console *c, enum tk_err err, const struct tk_text *pairs)
{
    if (err == TK_OK)
        tk_console_ok(c, pairs);
    else
        tk_console_err(c, err);
}

/* Appends text from a certificate as one word of an OK line: printable, without a space. */
static void add_word(struct tk_text *t, const char *s)
{
    char one[2] = "";

    for (; *s != '\0'; s++) {
        one[0] = *s;
        if (*s == ' ')
            tk_text_add(t, "\\x20");
        else
            tk_text_visible(t, one);
    }
}

/* --- list --- */

/* To an operator as openssl x509 -fingerprint -sha256 prints it: AB:CD:... */
static void add_digest(struct tk_console *c, struct tk_text *t, const struct tk_ca_root *root)
{
    for (size_t i = 0; i < sizeof root->digest; i++) {
        size_t from = t->len;

        tk_text_hex(t, &root->digest[i], 1);
        if (tk_console_is_program(c))
            continue;
        for (; from < t->len; from++)
            t->buf[from] = (char)(t->buf[from] >= 'a' ? t->buf[from] - 'a' + 'A' : t->buf[from]);
        tk_text_add(t, i + 1 < sizeof root->digest ? ":" : "");
    }
}

static void print_root(struct tk_console *c, const struct tk_ca_root *root)
{
    struct tk_ca_info info;
    enum tk_err err = tk_ca_read_info(&c->env->rt->ca, root, &info);
    char buf[320], digest[3 * sizeof root->digest + 1], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, digest, sizeof digest);
    add_digest(c, &t, root);
    tk_text_init(&t, buf, sizeof buf);
    if (err == TK_OK || err == TK_E_CA_EXPIRED) {
        tk_text_add(&t, "until=");
        tk_text_time(&t, info.not_after);
        tk_text_print(&t, " subject=%s", info.subject);
    } else {
        tk_text_add(&t, tk_words_code(err, code));
    }
    tk_console_data(c, digest, buf);
}

static void step_list(struct tk_console *c)
{
    const struct tk_ca_root *roots = c->env->rt->ca.roots;
    char buf[48];
    struct tk_text t;

    if (c->job.u.rows.next < TK_CAS) {
        const struct tk_ca_root *root = &roots[c->job.u.rows.next++];

        c->job.u.rows.count += root->len > 0;
        if (root->len > 0)
            print_root(c, root);
        return;
    }
    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "added=%u most=%u", c->job.u.rows.count, (unsigned)TK_CAS);
    tk_console_ok(c, &t);
}

void tk_command_ca_list(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, step_list);
}

/* --- add --- */

/* c: not NUL. */
static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes base64 (RFC 4648 section 4) in place. The number of bytes; 0: not base64. */
static size_t decode(char *text)
{
    size_t len = strlen(text), digits = len, out = 0;
    uint32_t bits = 0;

    while (digits > 0 && len - digits < 2 && text[digits - 1] == '=')
        digits--;
    if (len % 4 != 0)
        return 0;
    for (size_t i = 0; i < digits; i++) {
        int value = base64_value(text[i]);

        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            text[out++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    return out;
}

void tk_command_ca_begin(struct tk_console *c, char *args)
{
    enum tk_err err = tk_ca_begin(&c->env->rt->ca);

    (void)args;
    if (err == TK_OK && !tk_console_is_program(c))
        c->pem = TK_PEM_OUTSIDE;
    answer(c, err, NULL);
}

void tk_command_ca_add(struct tk_console *c, char *args)
{
    size_t len = decode(args), total = 0;
    char buf[32];
    struct tk_text t;

    if (len == 0) {
        tk_command_err_hint(c, TK_HINT_BASE64);
        return;
    }
    enum tk_err err = tk_ca_add(&c->env->rt->ca, (const uint8_t *)args, len, &total);

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "bytes=%u", (unsigned)total);
    answer(c, err, &t);
}

void tk_command_ca_end(struct tk_console *c, char *args)
{
    const struct tk_ca_root *root = NULL;
    struct tk_ca_info info;
    char buf[640];
    struct tk_text t;
    enum tk_err err = tk_ca_end(&c->env->rt->ca, &root, &info);

    (void)args;
    tk_text_init(&t, buf, sizeof buf);
    if (err == TK_OK) {
        tk_command_report(c, TK_SECURITY_CA_ADDED, NULL, NULL);
        tk_text_add(&t, "sha256=");
        add_digest(c, &t, root);
        tk_text_add(&t, " until=");
        tk_text_time(&t, info.not_after);
        tk_text_add(&t, " subject=");
        add_word(&t, info.subject);
    }
    answer(c, err, &t);
}

/* --- a PEM file that is pasted (RFC 7468) --- */

static void add_pem(struct tk_console *c, char *line)
{
    size_t len = decode(line), total;

    if (c->pem_err == TK_OK)
        c->pem_err =
            (uint8_t)(len == 0 ? TK_E_CA_INVALID
                               : tk_ca_add(&c->env->rt->ca, (const uint8_t *)line, len, &total));
}

/* A private key, wherever it is pasted, is not echoed behind its first line. */
static bool take_key(struct tk_console *c, const char *line)
{
    bool is_begin = strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "PRIVATE KEY") != NULL;

    if (c->pem == TK_PEM_KEY && strncmp(line, "-----END ", 9) == 0) {
        tk_console_end_pem(c);
        tk_console_err(c, TK_E_CA_INVALID);
        return true;
    }
    if (!is_begin && c->pem != TK_PEM_KEY)
        return false;
    c->pem = TK_PEM_KEY;
    c->line.no_echo = true;
    tk_console_unanswered(c);
    return true;
}

bool tk_command_ca_pem(struct tk_console *c, char *line)
{
    const char *args;

    if (take_key(c, line))
        return true;
    if (c->pem != TK_PEM_OFF && tk_dispatch_find(c->env->table, line, &args) != NULL)
        c->pem = TK_PEM_OFF;
    if (c->pem == TK_PEM_OFF)
        return false;
    if (c->pem == TK_PEM_INSIDE && strcmp(line, "-----END CERTIFICATE-----") == 0) {
        c->pem = TK_PEM_OUTSIDE;
        if (c->pem_err == TK_OK)
            tk_command_ca_end(c, line);
        else
            tk_console_err(c, (enum tk_err)c->pem_err);
        return true;
    }
    if (strcmp(line, "-----BEGIN CERTIFICATE-----") == 0) {
        c->pem = TK_PEM_INSIDE;
        c->pem_err = (uint8_t)tk_ca_begin(&c->env->rt->ca);
    } else if (c->pem == TK_PEM_INSIDE) {
        add_pem(c, line);
    } else {
        tk_output_line(&c->out, "(ignored: no certificate)");
    }
    tk_console_unanswered(c);
    return true;
}

/* --- del --- */

/* As it is printed to programs. */
static void normalize_digest(char *digest)
{
    char *to = digest;

    for (; *digest != '\0'; digest++) {
        if (*digest != ':')
            *to++ = tk_lower(*digest);
    }
    *to = '\0';
}

void tk_command_ca_del(struct tk_console *c, char *args)
{
    normalize_digest(args);
    enum tk_err err = tk_ca_delete(&c->env->rt->ca, args);

    if (err == TK_OK)
        tk_command_report(c, TK_SECURITY_CA_REMOVED, NULL, NULL);
    if (err == TK_E_BAD_VALUE)
        tk_command_err_hint(c, TK_HINT_DIGEST);
    else
        answer(c, err, NULL);
}
