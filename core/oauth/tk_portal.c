/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_portal.h"

#include "tk_account_load.h"
#include "tk_account_response.h"
#include "tk_account_store.h"

#include <string.h>

/* --- hosts --- */

/* Domains of Bitrix24 with cloud portals, <name>.bitrix24.<zone>, as found in its own sources and,
 * in 2026, in the DNS. Not bitrix24.ua, which is no longer registered. */
static const char zones[] =
    " ae by cn co com com.br com.tr de es eu fr id in it jp kz mx pl ru uk uz vn ";

/* zone: not "", since no host name ends in a dot (tk_url.h). */
static bool is_zone(const char *zone)
{
    size_t len = strlen(zone);
    const char *at = zones;

    while ((at = strstr(at + 1, zone)) != NULL) {
        if (at[-1] == ' ' && at[len] == ' ')
            return true;
    }
    return false;
}

static bool is_cloud(const struct tk_host *host)
{
    static const char domain[] = ".bitrix24.";
    const char *dot = strchr(host->name, '.');

    return host->port == TK_HTTPS_PORT && dot != NULL &&
           strncmp(dot, domain, sizeof domain - 1) == 0 && is_zone(dot + sizeof domain - 1);
}

/* The portal's own port may be omitted. */
static bool is_same(const struct tk_host *host, const struct tk_host *portal)
{
    return strcmp(host->name, portal->name) == 0 &&
           (host->port == portal->port || host->port == TK_HTTPS_PORT);
}

static bool is_former(const struct tk_account *a, const struct tk_host *host)
{
    char text[TK_HOST_TEXT];
    struct tk_host former;

    tk_account_former_portal(a, text);
    return tk_host_parse(&former, text, NULL) && is_same(host, &former);
}

enum tk_portal_named tk_portal_compare(const struct tk_account *a, const struct tk_host *host)
{
    if (is_same(host, &a->client.portal))
        return TK_NAMES_PORTAL;
    if (is_former(a, host))
        return TK_NAMES_FORMER;
    if (tk_account_leaks(a, host->name))
        return TK_NAMES_INVALID;
    return is_cloud(host) ? TK_NAMES_CLOUD : TK_NAMES_OTHER;
}

enum tk_portal_named tk_portal_named(const struct tk_account *a, const char *url,
                                     struct tk_host *host)
{
    size_t scheme = tk_is_https(url) ? 0 : strcspn(url, ":/?#");

    if (url[0] == '\0')
        return TK_NAMES_NOTHING;
    if (!tk_is_vchar(url))
        return TK_NAMES_INVALID;
    if (strncmp(url + scheme, "://", 3) == 0) /* http: its host counts, but is not called */
        url += scheme + 3;
    if (!tk_host_parse(host, url, NULL))
        return TK_NAMES_INVALID;
    return tk_portal_compare(a, host);
}

/* --- faults --- */

void tk_portal_set_fault(struct tk_account *a, enum tk_portal_fault fault,
                         const struct tk_host *moved_to)
{
    char known[TK_HOST_TEXT], text[TK_HOST_TEXT] = "";
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    if (moved_to != NULL)
        tk_text_host(&t, moved_to);
    tk_account_moved_to(a, known);
    if (fault == a->portal_fault && strcmp(text, known) == 0)
        return;
    a->portal_fault = fault;
    (void)tk_account_store_portal_fault(a, text); /* lost at a restart, it is detected again */
    if (moved_to != NULL)
        tk_account_report(a, "portal", "move_pending", moved_to);
    tk_account_notify(a, TK_ACCOUNT_PORTAL);
}

void tk_portal_note_answer(struct tk_account *a, enum tk_portal_named named,
                           const struct tk_host *host)
{
    if (named == TK_NAMES_CLOUD)
        (void)tk_portal_move(a, host);
    else if (named == TK_NAMES_OTHER)
        tk_portal_set_fault(a, TK_PORTAL_MOVED_BY_ANSWER, host);
    else if (named != TK_NAMES_NOTHING && named != TK_NAMES_INVALID &&
             a->portal_fault == TK_PORTAL_MOVED_BY_ANSWER)
        tk_portal_set_fault(a, TK_PORTAL_OK, NULL);
}

/* --- moves --- */

bool tk_portal_endpoint(const struct tk_account *a, struct tk_host *host, const char **path)
{
    *host = a->client.portal;
    *path = "/rest/";
    return a->info.client_endpoint[0] == '\0' || tk_host_parse(host, a->info.client_endpoint, path);
}

/* client_endpoint with the new host and the same path. False: too long. */
static bool endpoint_at(const struct tk_account *a, const struct tk_host *host, struct tk_text *t)
{
    struct tk_host former;
    const char *path;

    (void)tk_portal_endpoint(a, &former, &path);
    tk_text_add(t, "https://");
    tk_text_host(t, host);
    tk_text_add(t, path);
    return tk_text_ok(t);
}

enum tk_err tk_portal_move(struct tk_account *a, const struct tk_host *to)
{
    struct tk_host from = a->client.portal;
    char endpoint[sizeof a->info.client_endpoint];
    struct tk_text t;

    tk_text_init(&t, endpoint, sizeof endpoint);
    if (!endpoint_at(a, to, &t))
        return TK_E_NO_MEMORY;
    tk_copy(a->info.client_endpoint, sizeof a->info.client_endpoint, endpoint);
    if (a->discovered_host == NULL) /* the pair stays with the host that issued it */
        tk_account_discover_host(a, tk_oauth_default_host(&from));
    a->client.portal = *to;
    tk_account_end_begin(a);
    if (a->portal_fault != TK_PORTAL_USER_REFUSED)
        a->portal_fault = TK_PORTAL_OK;
    tk_account_report(a, "portal", "moved", to);
    tk_account_notify(a, TK_ACCOUNT_MOVED);
    return tk_account_store_move(a, &from);
}

bool tk_portal_has_moved(const struct tk_account *a)
{
    return a->portal_fault == TK_PORTAL_MOVED_BY_ANSWER ||
           a->portal_fault == TK_PORTAL_MOVED_BY_REDIRECT;
}

enum tk_err tk_portal_accept(struct tk_account *a)
{
    char text[TK_HOST_TEXT];
    struct tk_host to;

    if (!tk_portal_has_moved(a))
        return TK_E_NOT_MOVED;
    tk_account_moved_to(a, text);
    return tk_host_parse(&to, text, NULL) ? tk_portal_move(a, &to) : TK_E_STORAGE_FAILED;
}
