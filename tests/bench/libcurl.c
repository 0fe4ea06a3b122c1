/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl as its manual shows it, with the one root that is needed instead of a bundle. */
#include "bench.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static struct {
    CURL *curl;
    char body[8192];
    size_t len;
} run;

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
    size_t len = size * count;

    (void)ctx;
    if (len >= sizeof run.body - run.len)
        return 0;
    memcpy(run.body + run.len, data, len);
    run.len += len;
    run.body[run.len] = '\0';
    return len;
}

bool bench_open(const struct bench *b)
{
    char url[128], address[128];
    struct curl_slist *resolve;
    CURL *c;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    run.curl = c = curl_easy_init();
    if (c == NULL)
        return false;
    snprintf(url, sizeof url, "https://" BENCH_HOST ":%u" BENCH_PATH, b->port);
    snprintf(address, sizeof address, BENCH_HOST ":%u:127.0.0.1", b->port);
    resolve = curl_slist_append(NULL, address);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_RESOLVE, resolve);
    curl_easy_setopt(c, CURLOPT_CAINFO, b->root);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, BENCH_FORM);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, b->mode != BENCH_KEPT ? 1L : 0L);
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, b->mode != BENCH_KEPT ? 1L : 0L);
    curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, b->mode == BENCH_RESUMED ? 1L : 0L);
    return true;
}

bool bench_refresh(void)
{
    CURLcode code;

    run.len = 0;
    code = curl_easy_perform(run.curl);
    if (code != CURLE_OK)
        fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
    return code == CURLE_OK && bench_pair(run.body) > 0;
}
