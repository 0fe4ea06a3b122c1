/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signatures, good ones and such that are nearly good: our arithmetic behind mbedTLS's functions
 * and OpenSSL give the same verdict. The first line has the kind of key (2: P-256, 3: P-384, R: RSA
 * of 1024 bits, S: of 2048), the digest (0 SHA-256, 1 SHA-384, 2 SHA-512) and a text that private
 * key, nonce and hash are made of. Each further line is a change:
 *
 *      r N, s N    of a number of ECDSA: 0 zero, 1 one, 2 the order added, 3 the order, 4 negated
 *      e AT XOR    of a byte of what RSA signs
 *      k AT XOR    ... of the public key
 *      h AT XOR    ... of the hash
 *      x AT XOR    ... of the signature
 *      - N, + N    the signature loses N bytes at its end; a byte N is appended
 */

#include "fuzz.h"

#include "pk_support.h"

#include <mbedtls/pk.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

enum { LINE = 80, KEY_MAX = 1024, SIGNATURE_MAX = 1024, CHANGES = 16 };

/* What the verdict is about. */
struct question {
    char kind;
    unsigned digest; /* index */
    size_t octets;   /* of a coordinate; 0: RSA */
    uint8_t key[KEY_MAX], hash[64], signature[SIGNATURE_MAX];
    size_t key_len, hash_len, signature_len;
};

static const struct {
    mbedtls_md_type_t ours;
    const EVP_MD *(*theirs)(void);
    size_t len;
} digests[] = {{MBEDTLS_MD_SHA256, EVP_sha256, 32},
               {MBEDTLS_MD_SHA384, EVP_sha384, 48},
               {MBEDTLS_MD_SHA512, EVP_sha512, 64}};

static BN_CTX *bn;

/* A number of so many bytes, made of text. */
static BIGNUM *number_of(const char *text, char salt, size_t len)
{
    uint8_t bytes[256];
    char whole[LINE + 8];

    for (size_t at = 0; at < len; at += SHA256_DIGEST_LENGTH) {
        int n = snprintf(whole, sizeof whole, "%c%zu%s", salt, at, text);

        SHA256((const uint8_t *)whole, (size_t)n, bytes + at);
    }
    return BN_bin2bn(bytes, (int)len, NULL);
}

/* --- ECDSA --- */

struct ecdsa {
    EC_GROUP *group;
    BIGNUM *r, *s;
};

static void sign_ecdsa(struct ecdsa *e, struct question *q, const char *text)
{
    const BIGNUM *order = EC_GROUP_get0_order(e->group);
    BIGNUM *d = number_of(text, 'd', q->octets), *k = number_of(text, 'k', q->octets);
    BIGNUM *hash =
        BN_bin2bn(q->hash, (int)(q->hash_len < q->octets ? q->hash_len : q->octets), NULL);
    EC_POINT *point = EC_POINT_new(e->group);

    BN_nnmod(d, d, order, bn);
    BN_nnmod(k, k, order, bn);
    e->r = BN_new();
    e->s = BN_new();
    EC_POINT_mul(e->group, point, k, NULL, NULL, bn);
    EC_POINT_get_affine_coordinates(e->group, point, e->r, NULL, bn);
    BN_nnmod(e->r, e->r, order, bn);
    BN_mod_mul(e->s, e->r, d, order, bn);
    BN_mod_add(e->s, e->s, hash, order, bn);
    BN_mod_inverse(k, k, order, bn);
    BN_mod_mul(e->s, e->s, k, order, bn);
    EC_POINT_mul(e->group, point, d, NULL, NULL, bn);
    q->key_len = EC_POINT_point2oct(e->group, point, POINT_CONVERSION_UNCOMPRESSED, q->key,
                                    sizeof q->key, bn);
    EC_POINT_free(point);
    BN_free(d);
    BN_free(k);
    BN_free(hash);
}

static void change_number(const struct ecdsa *e, char which, unsigned how)
{
    const BIGNUM *order = EC_GROUP_get0_order(e->group);
    BIGNUM *n = which == 'r' ? e->r : e->s;

    switch (how % 5) {
    case 0:
    case 1:
        BN_set_word(n, how % 5);
        break;
    case 2:
        BN_add(n, n, order);
        break;
    case 3:
        BN_copy(n, order);
        break;
    default:
        BN_sub(n, order, n);
        BN_set_negative(n, 0);
        break;
    }
}

static void encode_ecdsa(struct question *q, struct ecdsa *e)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t *at = q->signature;

    ECDSA_SIG_set0(sig, e->r, e->s);
    q->signature_len = (size_t)i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
    EC_GROUP_free(e->group);
}

/* --- RSA --- */

struct rsa {
    BIGNUM *n, *d;
    size_t len;
};

static BIGNUM *prime_of(char salt, size_t len)
{
    BIGNUM *p = number_of("prime", salt, len);

    BN_set_bit(p, 0);
    BN_set_bit(p, (int)(8 * len - 1));
    BN_set_bit(p, (int)(8 * len - 2));
    while (BN_check_prime(p, bn, NULL) != 1 || BN_mod_word(p, 65537) == 1)
        BN_add_word(p, 2);
    return p;
}

/* Of 2 * len bytes, for e = 65537. */
static void make_rsa(struct rsa *rsa, char salt, size_t len)
{
    BIGNUM *p = prime_of(salt, len), *q = prime_of((char)(salt + 1), len), *e = BN_new();

    rsa->len = 2 * len;
    rsa->n = BN_new();
    BN_mul(rsa->n, p, q, bn);
    BN_sub_word(p, 1);
    BN_sub_word(q, 1);
    BN_mul(p, p, q, bn);
    BN_set_word(e, 65537);
    rsa->d = BN_mod_inverse(NULL, e, p, bn);
    BN_free(p);
    BN_free(q);
    BN_free(e);
}

static size_t put_head(uint8_t *out, uint8_t tag, size_t len)
{
    out[0] = tag;
    out[1] = 0x82;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    return 4;
}

/* RSAPublicKey: a modulus of 128 or 256 bytes, whose highest bit is set, and 65537. */
static void put_rsa_key(struct question *q, const struct rsa *rsa)
{
    static const uint8_t exponent[] = {2, 3, 1, 0, 1};
    size_t modulus = rsa->len + 1, head = rsa->len > 128 ? 4 : 3, at;

    at = put_head(q->key, 0x30, head + modulus + sizeof exponent);
    if (head == 4) {
        at += put_head(q->key + at, 2, modulus);
    } else {
        q->key[at++] = 2;
        q->key[at++] = 0x81;
        q->key[at++] = (uint8_t)modulus;
    }
    q->key[at++] = 0;
    at += (size_t)BN_bn2bin(rsa->n, q->key + at);
    memcpy(q->key + at, exponent, sizeof exponent);
    q->key_len = at + sizeof exponent;
    if (head == 3) { /* 2 bytes of length fit one */
        memmove(q->key + 3, q->key + 4, q->key_len - 4);
        q->key[1] = 0x81;
        q->key[2] = (uint8_t)(q->key_len - 4);
        q->key_len--;
    }
}

/* RFC 8017 9.2 */
static void encode_rsa(struct question *q, size_t len)
{
    static const uint8_t head[] = {0x30, 0,    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0,    0x05, 0x00, 0x04, 0};
    uint8_t *info = q->signature + len - sizeof head - q->hash_len;

    memset(q->signature, 0xff, len);
    q->signature[0] = 0;
    q->signature[1] = 1;
    info[-1] = 0;
    memcpy(info, head, sizeof head);
    info[1] = (uint8_t)(sizeof head - 2 + q->hash_len);
    info[14] = (uint8_t)(1 + q->digest);
    info[18] = (uint8_t)q->hash_len;
    memcpy(info + sizeof head, q->hash, q->hash_len);
    q->signature_len = len;
}

static void sign_rsa(struct question *q, const struct rsa *rsa)
{
    BIGNUM *x = BN_bin2bn(q->signature, (int)rsa->len, NULL);

    BN_nnmod(x, x, rsa->n, bn);
    BN_mod_exp(x, x, rsa->d, rsa->n, bn);
    BN_bn2binpad(x, q->signature, (int)rsa->len);
    BN_free(x);
}

/* --- verdicts --- */

static EVP_PKEY *their_key(const struct question *q)
{
    const uint8_t *at = q->key;

    if (q->octets == 0) {
        EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)q->key_len);

        if (key != NULL && at == q->key + q->key_len)
            return key;
        EVP_PKEY_free(key);
        return NULL;
    }
    if (q->key[0] != 4) /* OpenSSL reads hybrid points, too, which TLS does not have */
        return NULL;
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    const char *curve = q->octets == 32 ? "P-256" : "P-384";
    OSSL_PARAM of[] = {OSSL_PARAM_utf8_string("group", (char *)(uintptr_t)curve, 5),
                       OSSL_PARAM_octet_string("pub", (void *)(uintptr_t)q->key, q->key_len),
                       OSSL_PARAM_END};

    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, of) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* OpenSSL reads some BER, too. */
static bool is_der(const struct question *q)
{
    const uint8_t *at = q->signature;
    uint8_t *again = NULL;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)q->signature_len);
    int len = sig == NULL ? -1 : i2d_ECDSA_SIG(sig, &again);
    bool good = len == (int)q->signature_len && memcmp(again, q->signature, (size_t)len) == 0;

    OPENSSL_free(again);
    ECDSA_SIG_free(sig);
    return good;
}

static bool their_verdict(const struct question *q)
{
    EVP_PKEY *key = their_key(q);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    bool good = ctx != NULL && (q->octets == 0 || is_der(q)) && EVP_PKEY_verify_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_signature_md(ctx, digests[q->digest].theirs()) == 1 &&
                EVP_PKEY_verify(ctx, q->signature, q->signature_len, q->hash, q->hash_len) == 1;

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}

static bool our_verdict(const struct question *q)
{
    mbedtls_pk_context pk;
    bool good = pk_read_key(&pk, q->octets, q->key, q->key_len) == 0 &&
                mbedtls_pk_verify(&pk, digests[q->digest].ours, q->hash, q->hash_len, q->signature,
                                  q->signature_len) == 0;

    mbedtls_pk_free(&pk);
    return good;
}

/* --- an input --- */

struct change {
    char what;
    unsigned at, value;
};

static size_t read_changes(struct fuzz_input *in, struct change of[CHANGES])
{
    char line[LINE];
    size_t count = 0;

    while (count < CHANGES && in->left > 0) {
        if (fuzz_line(in, line, sizeof line) < 3)
            continue;
        const char *second = strchr(line + 2, ' ');

        of[count++] = (struct change){line[0], fuzz_number(line + 2, 4096),
                                      second == NULL ? 1 : fuzz_number(second + 1, 255)};
    }
    return count;
}

static void change_byte(uint8_t *bytes, size_t len, const struct change *c)
{
    if (len > 0)
        bytes[c->at % len] ^= (uint8_t)c->value;
}

/* After the signature was made. */
static void apply(struct question *q, const struct change *c)
{
    if (c->what == 'k')
        change_byte(q->key, q->key_len, c);
    else if (c->what == 'h')
        change_byte(q->hash, q->hash_len, c);
    else if (c->what == 'x')
        change_byte(q->signature, q->signature_len, c);
    else if (c->what == '-')
        q->signature_len -= c->at % (q->signature_len + 1);
    else if (c->what == '+' && q->signature_len < SIGNATURE_MAX)
        q->signature[q->signature_len++] = (uint8_t)c->at;
}

static void make_ecdsa(struct question *q, const char *text, const struct change *of, size_t count)
{
    struct ecdsa e = {.group = EC_GROUP_new_by_curve_name(q->octets == 32 ? NID_X9_62_prime256v1
                                                                          : NID_secp384r1)};

    sign_ecdsa(&e, q, text);
    for (size_t i = 0; i < count; i++) {
        if (of[i].what == 'r' || of[i].what == 's')
            change_number(&e, of[i].what, of[i].at);
    }
    encode_ecdsa(q, &e);
}

static void make_pkcs1(struct question *q, const struct change *of, size_t count)
{
    static struct rsa keys[2];
    struct rsa *rsa = &keys[q->kind == 'S'];

    if (rsa->n == NULL)
        make_rsa(rsa, q->kind == 'S' ? 's' : 'p', q->kind == 'S' ? 128 : 64);
    put_rsa_key(q, rsa);
    encode_rsa(q, rsa->len);
    for (size_t i = 0; i < count; i++) {
        if (of[i].what == 'e')
            change_byte(q->signature, rsa->len, &of[i]);
    }
    sign_rsa(q, rsa);
}

static bool changes_nothing(const struct change *c)
{
    return strchr("rsekhx-+", c->what) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct question q;
    struct fuzz_input in = {data, size};
    struct change changes[CHANGES];
    char line[LINE];
    uint8_t digest[64];
    bool is_plain = true;

    if (bn == NULL)
        bn = BN_CTX_new();
    if (fuzz_line(&in, line, sizeof line) < 3 || strchr("23RS", line[0]) == NULL)
        return 0;
    size_t count = read_changes(&in, changes);

    q.kind = line[0];
    q.octets = line[0] == '2' ? 32 : line[0] == '3' ? 48 : 0;
    q.digest = (uint8_t)line[1] % 3;
    q.hash_len = digests[q.digest].len;
    SHA512((const uint8_t *)line + 2, strlen(line + 2), digest);
    memcpy(q.hash, digest, q.hash_len);
    if (q.octets > 0)
        make_ecdsa(&q, line + 2, changes, count);
    else
        make_pkcs1(&q, changes, count);
    for (size_t i = 0; i < count; i++) {
        is_plain = is_plain && changes_nothing(&changes[i]);
        apply(&q, &changes[i]);
    }
    bool ours = our_verdict(&q);

    CHECK(ours == their_verdict(&q));
    CHECK(ours || !is_plain);
    return 0;
}
