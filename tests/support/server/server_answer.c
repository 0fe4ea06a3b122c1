/* SPDX-License-Identifier: Apache-2.0 */
#include "server_private.h"

#include "tk_text.h"
#include "tk_time.h"

#include <stdio.h>
#include <string.h>

static void put_two_digits(struct tk_text *t, unsigned n)
{
    tk_text_char(t, (char)('0' + n / 10));
    tk_text_char(t, (char)('0' + n % 10));
}

/* RFC 9110 5.6.7, but always a Monday. */
static void put_true_date(struct tk_text *t, int64_t unix_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tk_calendar d;

    tk_calendar_from_unix(unix_s, &d);
    tk_text_add(t, "Mon, ");
    put_two_digits(t, (unsigned)d.day);
    tk_text_char(t, ' ');
    tk_text_addn(t, months + 3 * (d.month - 1), 3);
    tk_text_char(t, ' ');
    tk_text_int(t, d.year);
    tk_text_char(t, ' ');
    put_two_digits(t, (unsigned)d.hour);
    tk_text_char(t, ':');
    put_two_digits(t, (unsigned)d.minute);
    tk_text_char(t, ':');
    put_two_digits(t, (unsigned)d.second);
    tk_text_add(t, " GMT");
}

static void put_date(const struct server *s, struct tk_text *t)
{
    if (s->date != NULL && s->date[0] == '\0')
        return;
    tk_text_add(t, "Date: ");
    if (s->date != NULL)
        tk_text_add(t, s->date);
    else
        put_true_date(t, server_now(s) / 1000);
    tk_text_add(t, "\r\n");
}

void server_put(const struct server *s, struct server_answer *out, int status, const char *fields,
                const char *type, const char *body)
{
    struct tk_text t;

    tk_text_init(&t, out->bytes, sizeof out->bytes);
    tk_text_add(&t, "HTTP/1.1 ");
    tk_text_int(&t, status);
    tk_text_add(&t, status == 200 ? " OK\r\n" : " Fault\r\n");
    put_date(s, &t);
    tk_text_add(&t, fields);
    tk_text_add(&t, "Content-Type: ");
    tk_text_add(&t, type);
    tk_text_add(&t, "\r\nContent-Length: ");
    tk_text_int(&t, (int64_t)strlen(body));
    tk_text_add(&t, "\r\n\r\n");
    tk_text_add(&t, body);
    out->status = status;
    out->len = t.len;
}

void server_put_json(const struct server *s, struct server_answer *out, int status,
                     const char *body)
{
    server_put(s, out, status, "", "application/json; charset=utf-8", body);
}

void server_put_refusal(const struct server *s, struct server_answer *out,
                        const struct rules_answer *a)
{
    char body[256];

    if (a->description != NULL)
        snprintf(body, sizeof body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", a->error,
                 a->description);
    else
        snprintf(body, sizeof body, "{\"error\":\"%s\"}", a->error);
    server_put_json(s, out, a->status, body);
}

static const char *either(const char *text, const char *usual)
{
    return text != NULL ? text : usual;
}

/* The keys in the order of the real server, slashes escaped as PHP does. */
void server_put_pair(const struct server *s, struct server_answer *out, uint32_t pair)
{
    const struct rules *r = &s->rules;
    char access[RULES_TOKEN + 1], refresh[RULES_TOKEN + 1], body[2048];
    struct tk_text t;

    rules_text(r, RULES_ACCESS, pair, access);
    rules_text(r, RULES_REFRESH, pair, refresh);
    tk_text_init(&t, body, sizeof body);
    tk_text_add(&t, "{\"access_token\":\"");
    tk_text_add(&t, access);
    tk_text_add(&t, "\",\"expires\":");
    tk_text_int(&t, r->pairs[pair].access_until / 1000);
    tk_text_add(&t, ",\"expires_in\":");
    tk_text_int(&t, r->access_life_s);
    tk_text_add(&t, ",\"scope\":\"crm,user\",\"domain\":\"oauth.bitrix.info\","
                    "\"server_endpoint\":\"");
    tk_text_add(&t, either(s->server_endpoint, "https:\\/\\/oauth.bitrix.info\\/rest\\/"));
    tk_text_add(&t, "\",\"status\":\"L\",\"client_endpoint\":\"");
    tk_text_add(&t, either(s->client_endpoint, "https:\\/\\/acme.bitrix24.com\\/rest\\/"));
    tk_text_add(&t, "\",\"member_id\":\"a223c6b3710f85df22e9377d6c4f7553\"");
    if (!s->omits_user) {
        tk_text_add(&t, ",\"user_id\":");
        tk_text_int(&t, r->user_id);
    }
    tk_text_add(&t, ",\"refresh_token\":\"");
    tk_text_add(&t, refresh);
    tk_text_add(&t, "\"}");
    server_put_json(s, out, 200, body);
}
