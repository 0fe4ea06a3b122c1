/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_chain.h"

#include "tk_assert.h"
#include "tk_certificate.h"
#include "tk_names.h"

#include <mbedtls/oid.h>
#include <string.h>

static bool same(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
    return a->len == b->len && a->len > 0 && memcmp(a->p, b->p, a->len) == 0;
}

static bool is_issuer(const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *crt)
{
    return same(&issuer->subject_raw, &crt->issuer_raw);
}

/* --- order --- */

static bool has_wanted_key(const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *crt)
{
    return same(&issuer->subject_key_id, &crt->authority_key_id.keyIdentifier);
}

/* Moves the issuers of crt from behind `last` to it. Returns the new last one. */
static mbedtls_x509_crt *move_issuers(const mbedtls_x509_crt *crt, mbedtls_x509_crt *last,
                                      bool wanted)
{
    mbedtls_x509_crt *before = last;

    while (before->next != NULL) {
        mbedtls_x509_crt *issuer = before->next;

        if (!is_issuer(issuer, crt) || has_wanted_key(issuer, crt) != wanted) {
            before = issuer;
            continue;
        }
        before->next = issuer->next;
        issuer->next = last->next;
        if (before == last)
            before = issuer;
        last->next = issuer;
        last = issuer;
    }
    return last;
}

/* Breadth first: up to `last` the list is sorted. */
void tk_chain_sort(mbedtls_x509_crt *leaf)
{
    mbedtls_x509_crt *last = leaf;

    for (mbedtls_x509_crt *crt = leaf; crt != NULL; crt = crt == last ? NULL : crt->next) {
        last = move_issuers(crt, last, true);
        last = move_issuers(crt, last, false);
    }
}

/* --- checks --- */

/* As OpenSSL: anyExtendedKeyUsage, which mbedTLS accepts, is not enough. */
static bool is_for_servers(const mbedtls_x509_crt *crt)
{
    if (!mbedtls_x509_crt_has_ext_type(crt, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE))
        return true;
    for (const mbedtls_x509_sequence *u = &crt->ext_key_usage; u != NULL; u = u->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_SERVER_AUTH, &u->buf) == 0)
            return true;
    }
    return false;
}

/* mbedTLS found no issuer: the server sent none, an unreadable one (port/mbedtls/tk_x509.h), or one
 * that is no authority, or not for chains of this length. */
static enum tk_err find_reason(const mbedtls_x509_crt *crt)
{
    for (const mbedtls_x509_crt *issuer = crt->next; issuer != NULL; issuer = issuer->next) {
        if (is_issuer(issuer, crt))
            return issuer->version < 0 ? tk_certificate_error(issuer->version) : TK_E_TLS_PURPOSE;
    }
    return TK_OK;
}

/* A certificate that an authority issued to itself, with another key, is exempt. */
static bool is_permitted(const struct tk_chain *chain, const mbedtls_x509_crt *crt, bool is_leaf)
{
    if (!is_leaf && tk_certificate_is_self_signed(crt))
        return true;
    for (int i = 0; i < chain->count; i++) {
        if (!tk_names_permitted(chain->authorities[i], crt, is_leaf))
            return false;
    }
    return true;
}

/* Where the time is only a lower bound, a certificate that is not valid yet moves it forward,
 * unless another one of the chain has expired by then. */
static void check_dates(struct tk_chain *chain, const mbedtls_x509_crt *crt, int depth,
                        uint32_t *flags)
{
    int64_t begin = tk_certificate_not_before(crt), end = tk_certificate_not_after(crt);

    if (!chain->verified || end < chain->not_after)
        chain->not_after = end;
    if (!chain->is_floor)
        return;
    *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_FUTURE;
    if (begin > chain->not_before)
        chain->not_before = begin;
    if (depth == 0 && chain->not_before > chain->not_after)
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
}

static void check_leaf(struct tk_chain *chain, const mbedtls_x509_crt *crt, uint32_t *flags)
{
    if (mbedtls_x509_crt_has_ext_type(crt, MBEDTLS_X509_EXT_NS_CERT_TYPE) &&
        !(crt->MBEDTLS_PRIVATE(ns_cert_type) & MBEDTLS_X509_NS_CERT_TYPE_SSL_SERVER))
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    chain->self_signed = tk_certificate_is_self_signed(crt);
    if (!tk_names_match(crt, chain->host, chain->address))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

int tk_chain_check(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct tk_chain *chain = ctx;

    check_dates(chain, crt, depth, flags);
    chain->verified = true;
    if (chain->count == 0 && (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED))
        chain->err = find_reason(crt);
    if (!is_for_servers(crt))
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    if (!is_permitted(chain, crt, depth == 0))
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
    TK_ASSERT(depth == 0 || chain->count < TK_CHAIN_AUTHORITIES);
    if (depth > 0)
        chain->authorities[chain->count++] = crt;
    else
        check_leaf(chain, crt, flags);
    return 0;
}

enum tk_err tk_chain_error(const struct tk_chain *chain, uint32_t flags)
{
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) && chain->err != TK_OK)
        return chain->err;
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return chain->self_signed ? TK_E_TLS_SELF_SIGNED : TK_E_TLS_UNTRUSTED;
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return TK_E_TLS_NAME;
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return TK_E_TLS_EXPIRED;
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return TK_E_TLS_NOT_YET;
    if (flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE))
        return TK_E_TLS_PURPOSE;
    return flags & MBEDTLS_X509_BADCERT_OTHER ? TK_E_TLS_CONSTRAINT : TK_E_TLS_WEAK;
}
