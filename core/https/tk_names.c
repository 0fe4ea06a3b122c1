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
    return tk_same_nocase_n((const char *)a, b, len);
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

static bool is_for(const mbedtls_x509_buf *name, const char *host, const struct tk_addr *address)
{
    if (address == NULL)
        return name->tag == DNS && is_host(name, host, false);
    return name->tag == ADDRESS &&
           name->len == (address->family == 4 ? 4 : sizeof address->bytes) &&
           memcmp(name->p, address->bytes, name->len) == 0;
}

bool tk_names_match(const mbedtls_x509_crt *crt, const char *host, const struct tk_addr *address)
{
    if (!has_alternative_names(crt))
        return has_common_name(crt, host, address != NULL);
    for (const mbedtls_x509_sequence *n = &crt->subject_alt_names; n != NULL; n = n->next) {
        if (is_for(&n->buf, host, address))
            return true;
    }
    return false;
}

/* --- constraints --- */

/* Takes the next element of DER from `rest`. False at its end, where rest->len is 0, or where it is
 * malformed. */
static bool next(mbedtls_x509_buf *rest, mbedtls_x509_buf *element)
{
    unsigned char *p = rest->p;
    const unsigned char *end = p + rest->len;

    if (rest->len == 0)
        return false;
    element->tag = *p;
    if (mbedtls_asn1_get_tag(&p, end, &element->len, element->tag) != 0)
        return false;
    element->p = p;
    rest->p = p + element->len;
    rest->len = (size_t)(end - rest->p);
    return true;
}

/* Extension { OID, critical OPTIONAL, OCTET STRING }, whose outside mbedTLS has parsed: finds the
 * content of the OCTET STRING of the name constraints. */
static bool find_constraints(const mbedtls_x509_crt *crt, mbedtls_x509_buf *found)
{
    mbedtls_x509_buf rest = crt->v3_ext, extensions, extension, oid;

    if (!next(&rest, &extensions))
        return false;
    while (next(&extensions, &extension)) {
        if (!next(&extension, &oid) || oid.len != 3 || memcmp(oid.p, "\x55\x1d\x1e", 3) != 0)
            continue;
        found->len = 0;
        while (next(&extension, found)) /* the last element */
            continue;
        return true;
    }
    return false;
}

static bool is_dns_below(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    size_t more = name->len - base->len;

    if (base->len > name->len)
        return false;
    if (more > 0 && base->len > 0 && base->p[0] != '.' && name->p[more - 1] != '.')
        return false;
    return same_text(name->p + more, (const char *)base->p, base->len);
}

/* base: address and mask */
static bool is_in_network(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    if (base->len != 2 * name->len)
        return false;
    for (size_t i = 0; i < name->len; i++) {
        if (((name->p[i] ^ base->p[i]) & base->p[name->len + i]) != 0)
            return false;
    }
    return true;
}

/* The attributes of base come first. */
static bool begins_with(mbedtls_x509_buf name, mbedtls_x509_buf base)
{
    mbedtls_x509_buf attributes, wanted;

    return next(&name, &attributes) && next(&base, &wanted) && wanted.len <= attributes.len &&
           memcmp(attributes.p, wanted.p, wanted.len) == 0;
}

/* 1: the name is within the subtree of base, 0: it is not, -1: it cannot be compared. */
static int is_within(const mbedtls_x509_buf *name, const mbedtls_x509_buf *base)
{
    if (base->tag == DNS)
        return is_dns_below(name, base);
    if (base->tag == ADDRESS && (base->len == 8 || base->len == 32))
        return is_in_network(name, base);
    /* the same directory name may be written otherwise */
    return base->tag == DIRECTORY && begins_with(*name, *base) ? 1 : -1;
}

/* GeneralSubtrees { { base, minimum, maximum } ... }, the last two of which are not supported. */
static bool is_permitted_by(mbedtls_x509_buf subtrees, const mbedtls_x509_buf *name)
{
    bool excluded = subtrees.tag == EXCLUDED, found = excluded, within = excluded;
    mbedtls_x509_buf subtree, base;

    while (next(&subtrees, &subtree)) {
        if (!next(&subtree, &base) || subtree.len > 0)
            return false;
        if (base.tag != name->tag)
            continue;
        int result = is_within(name, &base);

        if (excluded && result != 0)
            return false;
        found = true;
        within = within || result == 1;
    }
    return subtrees.len == 0 && (within || !found);
}

static bool is_permitted(mbedtls_x509_buf constraints, const mbedtls_x509_buf *name)
{
    mbedtls_x509_buf subtrees;

    while (next(&constraints, &subtrees)) {
        if ((subtrees.tag != PERMITTED && subtrees.tag != EXCLUDED) ||
            !is_permitted_by(subtrees, name))
            return false;
    }
    return constraints.len == 0;
}

static bool is_subject_permitted(const mbedtls_x509_buf *constraints, const mbedtls_x509_crt *crt,
                                 bool is_leaf)
{
    mbedtls_x509_buf name = crt->subject_raw;

    name.tag = DIRECTORY;
    if (crt->subject.val.p != NULL && !is_permitted(*constraints, &name))
        return false;
    for (const mbedtls_x509_name *n = &crt->subject; n != NULL; n = n->next) {
        name = n->val;
        name.tag = kind_of(n);
        if (name.tag == DNS && (!is_leaf || has_alternative_names(crt)))
            continue;
        if (!is_permitted(*constraints, &name))
            return false;
    }
    return true;
}

bool tk_names_permitted(const mbedtls_x509_crt *authority, const mbedtls_x509_crt *crt,
                        bool is_leaf)
{
    mbedtls_x509_buf extension, constraints;

    if (!find_constraints(authority, &extension))
        return true;
    if (!next(&extension, &constraints) || !is_subject_permitted(&constraints, crt, is_leaf))
        return false;
    for (const mbedtls_x509_sequence *n = &crt->subject_alt_names; n != NULL; n = n->next) {
        if (n->buf.p != NULL && !is_permitted(constraints, &n->buf))
            return false;
    }
    return true;
}
