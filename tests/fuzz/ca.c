/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A certificate that an operator adds, in pieces of the size that the first byte of the input says.
 * One that is accepted is a CA certificate for OpenSSL too, with the same end and name, and is the
 * same after a restart.
 */

#include "fuzz.h"

#include "world.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

static struct world w;

static struct tk_ca *ca(void)
{
    return &w.keeper.rt.ca;
}

static enum tk_err add(const uint8_t *der, size_t len, size_t piece, const struct tk_ca_root **root,
                       struct tk_ca_info *info)
{
    size_t total = 0;

    CHECK(tk_ca_begin(ca()) == TK_OK);
    for (size_t at = 0, n; at < len; at += n) {
        n = piece < len - at ? piece : len - at;
        enum tk_err err = tk_ca_add(ca(), der + at, n, &total);

        if (err != TK_OK)
            return err;
        CHECK(total == at + n);
    }
    return tk_ca_end(ca(), root, info);
}

/* The second opinion: OpenSSL's. */
static void check_certificate(const uint8_t *der, size_t len, const struct tk_ca_info *info)
{
    const uint8_t *at = der;
    X509 *x = d2i_X509(NULL, &at, (long)len);
    struct tm end;

    CHECK(x != NULL && at == der + len);
    CHECK((X509_get_extension_flags(x) & EXFLAG_CA) != 0);
    CHECK(ASN1_TIME_to_tm(X509_get0_notAfter(x), &end) == 1);
    CHECK(timegm(&end) == info->not_after);
    X509_free(x);
}

static void check_stored(const struct tk_ca_root *root)
{
    const struct tk_ca_root before = *root;
    size_t slot = (size_t)(root - ca()->roots);
    struct tk_ca_info info;

    world_restart(&w, 10);
    const struct tk_ca_root *again = &ca()->roots[slot];

    CHECK(again->len == before.len && again->subject_len == before.subject_len);
    CHECK(memcmp(again->digest, before.digest, sizeof before.digest) == 0);
    CHECK(tk_ca_read_info(ca(), again, &info) == TK_OK);
    CHECK(strncmp(world_type(&w, "ca list"), "OK added=1", 10) == 0);
    for (const char *c = w.answer; *c != '\0'; c++)
        CHECK((*c >= ' ' && *c <= '~') || *c == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    size_t piece = 64 + 8 * (size_t)fuzz_byte(&in);
    const struct tk_ca_root *root = NULL;
    struct tk_ca_info info = {.not_after = 0};

    world_init(&w, 1);
    if (add(in.at, in.left, piece, &root, &info) == TK_OK) {
        CHECK(strlen(info.subject) < sizeof info.subject);
        check_certificate(in.at, in.left, &info);
        check_stored(root);
    }
    CHECK(w.flash.violations == 0);
    world_free(&w);
    return 0;
}
