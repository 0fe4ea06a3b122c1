/* SPDX-License-Identifier: Apache-2.0 */
/* Small versions of C library and libgcc functions: those of newlib and libgcc are unrolled for
 * speed and 3 KB larger. Strings are short here, and 64-bit divisions rare. memcpy and memset go by
 * words; where those need an aligned address they stay the library's, since a TLS handshake is
 * slower by bytes. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* --- string.h --- */

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *p = a, *q = b;

    for (; len > 0; p++, q++, len--) {
        if (*p != *q)
            return *p - *q;
    }
    return 0;
}

void *memchr(const void *memory, int c, size_t len)
{
    for (const unsigned char *p = memory; len > 0; p++, len--) {
        if (*p == (unsigned char)c)
            return (void *)p;
    }
    return NULL;
}

#if defined(__ARM_FEATURE_UNALIGNED)
/* At any address. */
struct words {
    uint32_t first, second;
} __attribute__((packed, may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    unsigned char *t = to, *words_end = t + len / 8 * 8, *end = t + len;
    const unsigned char *f = from;

    for (; t != words_end; t += 8, f += 8)
        *(struct words *)t = *(const struct words *)f;
    for (; t != end; t++, f++)
        *t = *f;
    return to;
}

void *memset(void *memory, int c, size_t len)
{
    unsigned char *p = memory, *words_end = p + len / 8 * 8, *end = p + len;
    uint32_t four = 0x01010101u * (unsigned char)c;

    for (; p != words_end; p += 8)
        *(struct words *)p = (struct words){four, four};
    for (; p != end; p++)
        *p = (unsigned char)c;
    return memory;
}
#endif

void *memmove(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;

    if ((uintptr_t)to <= (uintptr_t)from) {
        for (size_t i = 0; i < len; i++)
            t[i] = f[i];
    } else {
        while (len-- > 0)
            t[len] = f[len];
    }
    return to;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while (*end != '\0')
        end++;
    return (size_t)(end - s);
}

char *strcpy(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strchr(const char *s, int c)
{
    return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c)
{
    const char *end = s + strlen(s);

    for (; *end != (char)c; end--) {
        if (end == s)
            return NULL;
    }
    return (char *)end;
}

/* The number of characters at the beginning of s that are in set, or that are not. */
static size_t span(const char *s, const char *set, bool in_set)
{
    size_t len = 0;

    while (s[len] != '\0' && (strchr(set, s[len]) != NULL) == in_set)
        len++;
    return len;
}

size_t strspn(const char *s, const char *set)
{
    return span(s, set, true);
}

size_t strcspn(const char *s, const char *set)
{
    return span(s, set, false);
}

char *strpbrk(const char *s, const char *set)
{
    s += strcspn(s, set);
    return *s == '\0' ? NULL : (char *)s;
}

int strncmp(const char *a, const char *b, size_t len)
{
    for (; len > 0; a++, b++, len--) {
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}

char *strstr(const char *s, const char *wanted)
{
    size_t len = strlen(wanted);

    for (; strncmp(s, wanted, len) != 0; s++) {
        if (*s == '\0')
            return NULL;
    }
    return (char *)s;
}

/* --- 64-bit division --- */

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rest);

/* Called by libgcc's __aeabi_uldivmod and __aeabi_ldivmod for all 64-bit divisions of a Cortex-M. d
 * is not 0. */
uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rest)
{
    uint64_t quotient = 0;

    if ((n | d) >> 32 == 0) {
        *rest = (uint32_t)n % (uint32_t)d;
        return (uint32_t)n / (uint32_t)d;
    }
    if (n >= d) {
        int shift = __builtin_clzll(d) - __builtin_clzll(n);

        for (d <<= shift; shift >= 0; shift--, d >>= 1) {
            quotient <<= 1;
            if (n >= d) {
                n -= d;
                quotient |= 1;
            }
        }
    }
    *rest = n;
    return quotient;
}
