/* SPDX-License-Identifier: Apache-2.0 */
#include "roots.h"

#include "host.h"
#include "private_file.h"
#include "tk_x509.h"

#include <errno.h>
#include <mbedtls/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define FILE_MAX      (8 << 20)
#define BEGIN         "-----BEGIN CERTIFICATE-----"
#define END           "-----END CERTIFICATE-----"

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = malloc(FILE_MAX);
    size_t len = 0;

    if (file != NULL && !tk_host_only_owner_writes(fileno(file), path)) {
        fclose(file);
        free(text);
        return NULL;
    }
    if (file != NULL && text != NULL)
        len = fread(text, 1, FILE_MAX - 1, file);
    if (len == 0)
        tk_host_message("cannot read roots from %s: %s", path,
                        errno != 0 ? strerror(errno) : "empty");
    if (file != NULL)
        fclose(file);
    if (len == 0) {
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

static size_t count_certificates(const char *text)
{
    size_t count = 0;

    while ((text = strstr(text, BEGIN)) != NULL) {
        text += strlen(BEGIN);
        count++;
    }
    return count;
}

/* Reads the certificate at text. Returns the length of its PEM text, or 0 if it is invalid. */
static size_t read_one(const char *text, struct tk_root *root)
{
    mbedtls_pem_context pem;
    size_t used = 0, len = 0;
    unsigned char *der = NULL;

    mbedtls_pem_init(&pem);
    if (mbedtls_pem_read_buffer(&pem, BEGIN, END, (const unsigned char *)text, NULL, 0, &used) ==
        0) {
        const unsigned char *found = mbedtls_pem_get_buffer(&pem, &len);

        der = malloc(len);
        if (der != NULL)
            memcpy(der, found, len);
    }
    mbedtls_pem_free(&pem);
    *root = (struct tk_root){der, len};
    return der == NULL ? 0 : used;
}

/* mbedTLS's error for a certificate. */
static int parse(const struct tk_root *root)
{
    mbedtls_x509_crt crt;

    mbedtls_x509_crt_init(&crt);
    int ret = root->len == 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT
                             : tk_x509_parse(&crt, root->der, root->len, 0);

    mbedtls_x509_crt_free(&crt);
    return ret;
}

/* Empties *root, after a message, if no chain could be verified with it. */
static void check_one(const char *path, size_t number, struct tk_root *root)
{
    int ret = parse(root);

    if (ret == 0)
        return;
    tk_host_message(
        "%s: certificate %zu is left out: this build cannot read it, or its key, curve, "
        "signature or critical extension (mbedTLS -0x%04x)",
        path, number, -ret);
    free((void *)root->der);
    root->len = 0;
}

static void read_all(struct tk_trust *trust, const char *path, const char *text,
                     struct tk_root *roots)
{
    for (size_t number = 1; (text = strstr(text, BEGIN)) != NULL; number++) {
        struct tk_root *root = &roots[trust->count];
        size_t used = read_one(text, root);

        check_one(path, number, root);
        trust->count += root->len > 0;
        text += used > 0 ? used : strlen(BEGIN);
    }
    trust->roots = roots;
}

bool tk_host_load_roots(struct tk_trust *trust, const char *pem_file)
{
    const char *path = pem_file == NULL ? SYSTEM_BUNDLE : pem_file;
    char *text = read_file(path);

    *trust = (struct tk_trust){.count = 0};
    if (text == NULL)
        return false;
    struct tk_root *roots = calloc(count_certificates(text) + 1, sizeof *roots);

    if (roots != NULL)
        read_all(trust, path, text, roots);
    free(text);
    if (trust->count == 0)
        tk_host_message("no root of trust found in %s", path);
    return trust->count > 0;
}
