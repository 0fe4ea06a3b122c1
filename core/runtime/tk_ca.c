/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_ca.h"

#include "tk_assert.h"
#include "tk_certificate.h"

#include <mbedtls/sha256.h>
#include <string.h>

/* TK_KEY_CA_STAGED: one byte without meaning, so that an empty certificate is not a missing one,
 * then the pieces so far. */
enum { PREFIX = 1, DIGITS_MIN = 8 };

static uint16_t key_of(const struct tk_ca *ca, const struct tk_ca_root *root)
{
    return (uint16_t)(TK_KEY_CA_ROOT + (root - ca->roots));
}

/* --- certificates --- */

static void read_subject(const mbedtls_x509_crt *crt, char *out, size_t size)
{
    static const uint8_t common_name[] = {0x55, 4, 3}; /* OID 2.5.4.3 */
    const mbedtls_asn1_named_data *attribute = &crt->subject;
    struct tk_text t;

    for (; attribute != NULL; attribute = attribute->next) {
        tk_text_init(&t, out, size);
        tk_text_addn(&t, (const char *)attribute->val.p, attribute->val.len);
        if (attribute->oid.len == sizeof common_name &&
            memcmp(attribute->oid.p, common_name, sizeof common_name) == 0)
            return;
    }
}

static enum tk_err parse(const struct tk_ca *ca, mbedtls_x509_crt *crt, const uint8_t *der,
                         size_t len)
{
    mbedtls_x509_crt_init(crt);
    int ret = ca->config->parse_root(crt, der, len, 0);

    if (ret == 0)
        return crt->raw.len == len && mbedtls_x509_crt_get_ca_istrue(crt) > 0 ? TK_OK
                                                                              : TK_E_CA_INVALID;
    enum tk_err err = tk_certificate_error(ret);

    return err == TK_E_TLS_CURVE || err == TK_E_TLS_EXTENSION || err == TK_E_TLS_ALGORITHM
               ? TK_E_CA_UNSUPPORTED
               : TK_E_CA_INVALID;
}

/* Fills *root and *info from a certificate. */
static enum tk_err describe(const struct tk_ca *ca, const uint8_t *der, size_t len,
                            struct tk_ca_root *root, struct tk_ca_info *info)
{
    mbedtls_x509_crt crt;
    enum tk_err err = parse(ca, &crt, der, len);
    int64_t now_unix;

    *root = (struct tk_ca_root){.len = (uint16_t)len};
    (void)mbedtls_sha256(der, len, root->digest, 0);
    if (err == TK_OK) {
        root->subject_len = (uint16_t)crt.subject_raw.len;
        info->not_after = tk_certificate_not_after(&crt);
        read_subject(&crt, info->subject, sizeof info->subject);
        err = tk_time_known(ca->time, &now_unix) && now_unix > info->not_after ? TK_E_CA_EXPIRED
                                                                               : TK_OK;
    }
    mbedtls_x509_crt_free(&crt);
    return err;
}

/* --- stored roots --- */

static int read_root(struct tk_ca *ca, const struct tk_ca_root *root, void *buf)
{
    return tk_storage_get(ca->storage, key_of(ca, root), buf, TK_CA_MAX);
}

void tk_ca_load(struct tk_ca *ca, const struct tk_config *config, struct tk_storage *storage,
                struct tk_https *https, const struct tk_time *time)
{
    uint8_t *der = tk_https_borrow_buffer(https);
    struct tk_ca_info info;

    ca->config = config;
    ca->storage = storage;
    ca->https = https;
    ca->time = time;
    for (size_t i = 0; i < TK_CAS; i++) {
        int len = read_root(ca, &ca->roots[i], der);

        if (len > 0 ? describe(ca, der, (size_t)len, &ca->roots[i], &info) == TK_E_CA_INVALID
                    : len == 0 || len <= TK_STORE_SHORT)
            tk_storage_reject(storage, key_of(ca, &ca->roots[i]));
    }
}

enum tk_err tk_ca_read_info(struct tk_ca *ca, const struct tk_ca_root *root,
                            struct tk_ca_info *info)
{
    uint8_t *der = tk_https_borrow_buffer(ca->https);
    struct tk_ca_root found;

    TK_ASSERT(root->len > 0);
    memset(info, 0, sizeof *info);
    if (der == NULL)
        return TK_E_TRY_LATER;
    int len = read_root(ca, root, der);

    return len <= 0 ? TK_E_CA_INVALID : describe(ca, der, (size_t)len, &found, info);
}

/* --- the roots of a handshake --- */

/* Appends the root to the list if its subject may be the issuer: mbedTLS compares them, also where
 * they differ in letter case or type of string. Within a handshake a buffer can be
 * borrowed. The digest verifies that flash has not changed since the root was checked. */
static int add_candidate(struct tk_ca *ca, const struct tk_ca_root *root,
                         const mbedtls_x509_buf *issuer, mbedtls_x509_crt **list)
{
    uint8_t *der = tk_https_borrow_buffer(ca->https);
    uint8_t digest[32];

    if (root->subject_len != issuer->len || der == NULL || read_root(ca, root, der) != root->len)
        return 0;
    (void)mbedtls_sha256(der, root->len, digest, 0);
    if (memcmp(digest, root->digest, sizeof digest) != 0)
        return 0;
    if (*list == NULL)
        *list = ca->config->new_root();
    if (*list == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    return ca->config->parse_root(*list, der, root->len, 1);
}

int tk_ca_find(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates)
{
    struct tk_ca *ca = ctx;
    const struct tk_config *config = ca->config;
    int ret = config->find_root(config->trust, child, candidates);

    /* mbedTLS frees the candidates, also after an error. */
    for (size_t i = 0; i < TK_CAS && ret == 0; i++) {
        if (ca->roots[i].subject_len > 0)
            ret = add_candidate(ca, &ca->roots[i], &child->issuer_raw, candidates);
    }
    return ret;
}

uint64_t tk_ca_id(const struct tk_ca *ca)
{
    uint64_t id = ca->config->trust_id;

    for (size_t i = 0; i < TK_CAS; i++) {
        for (size_t j = 0; ca->roots[i].len > 0 && j < sizeof ca->roots[i].digest; j++)
            id = (id ^ ca->roots[i].digest[j]) * 0x100000001b3u; /* FNV-1a */
    }
    return id;
}

/* --- the staged certificate --- */

static enum tk_err store_staged(struct tk_ca *ca, const uint8_t *old, size_t old_len,
                                const uint8_t *data, size_t len)
{
    struct tk_store_piece pieces[] = {{old, (uint16_t)old_len}, {data, (uint16_t)len}};
    struct tk_store_value value = {TK_KEY_CA_STAGED, 2, pieces};

    return tk_storage_commit(ca->storage, &value, 1);
}

enum tk_err tk_ca_begin(struct tk_ca *ca)
{
    return store_staged(ca, (const uint8_t *)"", PREFIX, NULL, 0);
}

/* Reads the staged value into *buf. Returns its length, or 0 with *err set. */
static size_t read_staged(struct tk_ca *ca, uint8_t **buf, enum tk_err *err)
{
    int len;

    *buf = tk_https_borrow_buffer(ca->https);
    *err = TK_E_TRY_LATER;
    if (*buf == NULL)
        return 0;
    len = tk_storage_get(ca->storage, TK_KEY_CA_STAGED, *buf, PREFIX + TK_CA_MAX);
    if (len == 0 || len <= TK_STORE_SHORT) {
        tk_storage_reject(ca->storage, TK_KEY_CA_STAGED);
        len = TK_STORE_MISSING;
    }
    *err = len == TK_STORE_MISSING ? TK_E_CA_NOT_BEGUN : len <= 0 ? TK_E_STORAGE_FAILED : TK_OK;
    return len <= 0 ? 0 : (size_t)len;
}

enum tk_err tk_ca_add(struct tk_ca *ca, const uint8_t *data, size_t len, size_t *total)
{
    enum tk_err err;
    uint8_t *buf;
    size_t old = read_staged(ca, &buf, &err);

    if (old == 0)
        return err;
    if (len > PREFIX + TK_CA_MAX - old)
        return TK_E_CA_TOO_LARGE;
    *total = old - PREFIX + len;
    return store_staged(ca, buf, old, data, len);
}

static struct tk_ca_root *find_free(struct tk_ca *ca)
{
    for (size_t i = 0; i < TK_CAS; i++) {
        if (ca->roots[i].len == 0)
            return &ca->roots[i];
    }
    return NULL;
}

static const struct tk_ca_root *find_same(const struct tk_ca *ca, const struct tk_ca_root *root)
{
    for (size_t i = 0; i < TK_CAS; i++) {
        if (ca->roots[i].len == root->len &&
            memcmp(ca->roots[i].digest, root->digest, sizeof root->digest) == 0)
            return &ca->roots[i];
    }
    return NULL;
}

static enum tk_err trust(struct tk_ca *ca, struct tk_ca_root *slot, const struct tk_ca_root *root,
                         const uint8_t *der)
{
    struct tk_store_piece piece = {der, root->len};
    struct tk_store_value values[] = {{key_of(ca, slot), 1, &piece}, {TK_KEY_CA_STAGED, 0, NULL}};
    enum tk_err err = tk_storage_commit(ca->storage, values, 2);

    if (err == TK_OK) {
        *slot = *root;
        tk_https_forget_sessions(ca->https);
    }
    return err;
}

enum tk_err tk_ca_end(struct tk_ca *ca, const struct tk_ca_root **root, struct tk_ca_info *info)
{
    struct tk_ca_root *slot, found;
    enum tk_err err;
    uint8_t *buf;
    size_t len = read_staged(ca, &buf, &err);

    if (len == 0)
        return err;
    err = describe(ca, buf + PREFIX, len - PREFIX, &found, info);
    if (err != TK_OK)
        return err;
    *root = find_same(ca, &found);
    if (*root != NULL)
        return TK_OK;
    *root = slot = find_free(ca);
    return slot == NULL ? TK_E_CA_LIMIT : trust(ca, slot, &found, buf + PREFIX);
}

/* --- deletion --- */

static bool begins_with(const struct tk_ca_root *root, const char *digits)
{
    char hex[2 * sizeof root->digest + 1];
    struct tk_text t;

    tk_text_init(&t, hex, sizeof hex);
    tk_text_hex(&t, root->digest, sizeof root->digest);
    return root->len > 0 && strncmp(hex, digits, strlen(digits)) == 0;
}

static enum tk_err find_by_digest(struct tk_ca *ca, const char *digits, struct tk_ca_root **found)
{
    *found = NULL;
    if (strlen(digits) < DIGITS_MIN)
        return TK_E_BAD_VALUE;
    for (size_t i = 0; i < TK_CAS; i++) {
        if (!begins_with(&ca->roots[i], digits))
            continue;
        if (*found != NULL)
            return TK_E_BAD_VALUE;
        *found = &ca->roots[i];
    }
    return *found == NULL ? TK_E_NO_SUCH_CA : TK_OK;
}

enum tk_err tk_ca_delete(struct tk_ca *ca, const char *digest)
{
    struct tk_ca_root *root;
    enum tk_err err = find_by_digest(ca, digest, &root);

    if (err == TK_OK)
        err = tk_storage_put(ca->storage, key_of(ca, root), NULL, 0);
    if (err == TK_OK) {
        memset(root, 0, sizeof *root);
        tk_https_forget_sessions(ca->https);
    }
    return err;
}
