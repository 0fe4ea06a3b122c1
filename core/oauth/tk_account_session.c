/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_session.h"

#include "tk_le.h"
#include "tk_version.h"

#include <string.h>

/* The head: context 8 | not_after 8 | lifetime 4. The host with its NUL and the
 * session follow. */
enum { CONTEXT = 0, NOT_AFTER = 8, LIFETIME = 16 };

/* Identifies the roots of trust and the firmware that a session was established with. */
static uint64_t context_id(const struct tk_runtime *rt)
{
    uint64_t id = tk_ca_id(&rt->ca) ^ (uint64_t)rt->config->build_unix << 20;

    for (const char *p = TK_VERSION; *p != '\0'; p++)
        id = (id ^ (uint8_t)*p) * 0x100000001b3u; /* FNV-1a */
    return id;
}

static bool is_worth_storing(const struct tk_account *a, const struct tk_tls_session *session)
{
    return session != NULL && session->len <= TK_SESSION_STORED_MAX && a->renew_s > 0 &&
           session->lifetime_s > a->renew_s;
}

bool tk_account_session_pack(const struct tk_account *a, struct tk_session_value *v)
{
    const struct tk_tls_session *session;
    struct tk_host host;
    struct tk_text text;

    tk_account_auth_host(a, &host);
    session = tk_https_session(&a->rt->https, &host);
    if (!is_worth_storing(a, session))
        return false;
    tk_le_put(v->head + CONTEXT, context_id(a->rt), 8);
    tk_le_put(v->head + NOT_AFTER, (uint64_t)session->not_after, 8);
    tk_le_put(v->head + LIFETIME, session->lifetime_s, 4);
    tk_text_init(&text, v->host, sizeof v->host);
    tk_text_host(&text, &host);
    v->pieces[0] = (struct tk_store_piece){v->head, sizeof v->head};
    v->pieces[1] = (struct tk_store_piece){v->host, (uint16_t)(text.len + 1)};
    v->pieces[2] = (struct tk_store_piece){session->data, session->len};
    return true;
}

bool tk_account_session_restore(struct tk_account *a, const uint8_t *data, size_t len)
{
    struct tk_tls_session session = {.len = 0};
    const char *host = (const char *)data + TK_SESSION_HEAD;
    const uint8_t *end = len < TK_SESSION_HEAD ? NULL : memchr(host, '\0', len - TK_SESSION_HEAD);

    if (end == NULL || !tk_host_parse(&session.host, host, NULL))
        return false;
    len -= (size_t)(end + 1 - data);
    if (len - 1 >= sizeof session.data) /* 0 too */
        return false;
    if (tk_le_get(data + CONTEXT, 8) != context_id(a->rt))
        return true;
    session.not_after = (int64_t)tk_le_get(data + NOT_AFTER, 8);
    session.lifetime_s = (uint32_t)tk_le_get(data + LIFETIME, 4);
    session.len = (uint16_t)len;
    memcpy(session.data, end + 1, len);
    tk_https_restore_session(&a->rt->https, &session);
    tk_wipe(&session, sizeof session);
    return true;
}
