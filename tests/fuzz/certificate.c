/* SPDX-License-Identifier: Apache-2.0 */

/* Certificates: added by an operator, and sent by a server in a chain of two. */

#include "fuzz.h"

#include "tk_x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    size_t first = (size_t)fuzz_byte(&in) << 8;
    mbedtls_x509_crt crt, chain;
    mbedtls_x509_buf issuer, subject;

    first |= fuzz_byte(&in);
    first = first < in.left ? first : in.left;
    mbedtls_x509_crt_init(&crt);
    mbedtls_x509_crt_init(&chain);
    (void)tk_x509_parse(&crt, in.at, in.left, 1);
    if (tk_x509_names(in.at, in.left, &issuer, &subject) == 0) {
        CHECK(issuer.p >= in.at && issuer.p + issuer.len <= in.at + in.left);
        CHECK(subject.p >= in.at && subject.p + subject.len <= in.at + in.left);
    }
    if (tk_x509_parse_peer(&chain, in.at, first) == 0)
        (void)tk_x509_parse_peer(&chain, in.at + first, in.left - first);
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&crt);
    return 0;
}
