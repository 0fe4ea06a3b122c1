/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_names.h"

#include "tk_string.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <string.h>

/* GeneralName (RFC 5280 section 4.2.1.6) */
enum { MAIL = 0x81, DNS = 0x82, DIRECTORY = 0xa4, ADDRESS = 0x87 };

/* GeneralSubtrees in NameConstraints */
enum { PERMITTED = 0xa0, EXCLUDED = 0xa1 };

static bool same_text(const unsigned char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (tk_lower((char)a[i]) != tk_lower(b[i]))
            return false;
    }
    return true;
}

static bool has_alternative_names(const mbedtls_x509_crt *crt)
{
    return mbedtls_x509_crt_has_ext_type(crt, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME);
}

/* MAIL for an address of mail, DNS for a common name, else 0. */
static int kind_of(const mbedtls_x509_name *attribute)
{
    static const unsigned char common_name[] = {0x55, 4, 3};
    static const unsigned char mail[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1};
    const mbedtls_x509_buf *oid = &attribute->oid;

    if (oid->len == sizeof common_name && memcmp(oid->p, common_name, sizeof common_name) == 0)
        return DNS;
    return oid->len == sizeof mail && memcmp(oid->p, mail, sizeof mail) == 0 ? MAIL : 0;
}

/* --- hosts --- */

static bool is_wildcard(const mbedtls_x509_buf *name)
{
    return name->len > 2 && name->p[0] == '*' && name->p[1] == '.' &&
           memchr(name->p + 2, '.', name->len - 2) != NULL;
}

static bool is_host(const mbedtls_x509_buf *name, const char *host, bool is_address)
{
    const char *dot = strchr(host, '.');

    if (name->len == strlen(host) && same_text(name->p, host, name->len))
        return true;
    return !is_address && dot != NULL && is_wildcard(name) && name->len - 1 == strlen(dot) &&
           same_text(name->p + 1, dot, name->len - 1);
}

static bool has_common_name(const mbedtls_x509_crt *crt, const char *host, bool is_address)
{
    for (const mbedtls_x509_name *n = &crt->subject; n != NULL; n = n->next) {
        if (kind_of(n) == DNS && is_host(&n->val, host, is_address))
            return true;
    }
    return false;
}

bool tk_names_match(const mbedtls_x509_crt *crt, const char *host)
{
    unsigned char address[16];
    size_t len = mbedtls_x509_crt_parse_cn_inet_pton(host, address);

    if (!has_alternative_names(crt))
        return has_common_name(crt, host, len > 0);
    for (const mbedtls_x509_sequence *n = &crt->subject_alt_names; n != NULL; n = n->next) {
        const mbedtls_x509_buf *name = &n->buf;

        if (len > 0 ? name->tag == ADDRESS && name->len == len && memcmp(name->p, address, len) == 0
                    : name->tag == DNS && is_host(name, host, false))
            return true;
    }
    return false;
}

/* --- constraints --- */

struct der {
    unsigned char *p;
    const unsigned char *end;
    bool malformed;
};

static struct der inside(const mbedtls_x509_buf *element)
{
    return (struct der){element->p, element->p + element->len, false};
}

/* False at the end, or where it is malformed. */
static bool next(struct der *d, mbedtls_x509_buf *element)
{
    if (d->p == d->end || d->malformed)
        return false;
    element->tag = *d->p;
    d->malformed = mbedtls_asn1_get_tag(&d->p, d->end, &element->len, element->tag) != 0;
    if (d->malformed)
        return false;
    element->p = d->p;
    d->p += element->len;
    return true;
}

/* Extension { OID, critical, OCTET STRING { NameConstraints } }, whose outside mbedTLS has parsed.
 */
static bool find_constraints(const mbedtls_x509_crt *crt, mbedtls_x509_buf *found)
{
    struct der extensions = inside(&crt->v3_ext);
    mbedtls_x509_buf extension;

    if (crt->v3_ext.len == 0 || !next(&extensions, &extension))
        return false;
    extensions = inside(&extension);
    while (next(&extensions, &extension)) {
        struct der parts = inside(&extension);
        mbedtls_x509_buf oid;

        if (!next(&parts, &oid) || oid.len != 3 || memcmp(oid.p, "\x55\x1d\x1e", 3) != 0)
            continue;
        while (next(&parts, found))
            continue;
        return true;
    }
    return false;
}

bool tk_names_constrains(const mbedtls_x509_crt *authority)
{
    mbedtls_x509_buf found;

    return find_constraints(authority, &found);
}

static int is_dns_below(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    size_t more = name->len - base->len;

    if (base->len > name->len)
        return 0;
    if (more > 0 && base->len > 0 && base->p[0] != '.' && name->p[more - 1] != '.')
        return 0;
    return same_text(name->p + more, (const char *)base->p, base->len);
}

/* base: address and mask */
static int is_in_network(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    if (base->len != 8 && base->len != 32)
        return -1;
    if (base->len != 2 * name->len)
        return 0;
    for (size_t i = 0; i < name->len; i++) {
        if (((name->p[i] ^ base->p[i]) & base->p[name->len + i]) != 0)
            return 0;
    }
    return 1;
}

/* Both are Names; the attributes of base come first. */
static bool begins_with(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    struct der n = inside(name), b = inside(base);
    mbedtls_x509_buf attributes, wanted;

    return next(&n, &attributes) && next(&b, &wanted) && wanted.len <= attributes.len &&
           memcmp(attributes.p, wanted.p, wanted.len) == 0;
}

/* 1: the name is within the subtree of base, 0: it is not, -1: it cannot be compared. */
static int is_within(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    switch (base->tag) {
    case DNS:
        return is_dns_below(name, base);
    case ADDRESS:
        return is_in_network(name, base);
    case DIRECTORY:
        return begins_with(name, base) ? 1 : -1; /* the same name may be written otherwise */
    default:
        return -1;
    }
}

/* The subtrees are PERMITTED or EXCLUDED ones. A minimum or maximum is not supported. */
static bool is_permitted_by(const mbedtls_x509_buf *subtrees, const mbedtls_x509_buf *name)
{
    struct der list = inside(subtrees);
    mbedtls_x509_buf subtree, base;
    bool found = false, within = false;

    while (next(&list, &subtree)) {
        struct der parts = inside(&subtree);

        if (!next(&parts, &base) || parts.p != parts.end)
            return false;
        if (base.tag != name->tag)
            continue;
        int result = is_within(name, &base);

        if (subtrees->tag == EXCLUDED && result != 0)
            return false;
        found = true;
        within = within || result == 1;
    }
    return !list.malformed && (subtrees->tag == EXCLUDED || !found || within);
}

static bool is_permitted(const mbedtls_x509_buf *constraints, const mbedtls_x509_buf *name)
{
    struct der d = inside(constraints);
    mbedtls_x509_buf subtrees;

    if (!next(&d, &subtrees))
        return false;
    d = inside(&subtrees);
    while (next(&d, &subtrees)) {
        if ((subtrees.tag != PERMITTED && subtrees.tag != EXCLUDED) ||
            !is_permitted_by(&subtrees, name))
            return false;
    }
    return !d.malformed;
}

static bool is_subject_permitted(const mbedtls_x509_buf *constraints, const mbedtls_x509_crt *crt,
                                 bool is_leaf)
{
    mbedtls_x509_buf name = crt->subject_raw;

    name.tag = DIRECTORY;
    if (crt->subject.val.p != NULL && !is_permitted(constraints, &name))
        return false;
    for (const mbedtls_x509_name *n = &crt->subject; n != NULL; n = n->next) {
        name = n->val;
        name.tag = kind_of(n);
        if (name.tag == DNS && (!is_leaf || has_alternative_names(crt)))
            continue;
        if (!is_permitted(constraints, &name))
            return false;
    }
    return true;
}

bool tk_names_permitted(const mbedtls_x509_crt *authority, const mbedtls_x509_crt *crt,
                        bool is_leaf)
{
    mbedtls_x509_buf constraints;

    if (!find_constraints(authority, &constraints))
        return true;
    if (!is_subject_permitted(&constraints, crt, is_leaf))
        return false;
    for (const mbedtls_x509_sequence *n = &crt->subject_alt_names; n != NULL; n = n->next) {
        if (n->buf.p != NULL && !is_permitted(&constraints, &n->buf))
            return false;
    }
    return true;
}
