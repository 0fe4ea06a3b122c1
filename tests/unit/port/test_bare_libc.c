/* SPDX-License-Identifier: Apache-2.0 */
/* Compares port/baremetal/tk_libc.c with the C library of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Under other names. */
#define __ARM_FEATURE_UNALIGNED 1
#define memcpy                  small_memcpy
#define memset                  small_memset
#define memcmp                  small_memcmp
#define memchr                  small_memchr
#define memmove                 small_memmove
#define strlen                  small_strlen
#define strcpy                  small_strcpy
#define strchr                  small_strchr
#define strrchr                 small_strrchr
#define strspn                  small_strspn
#define strcspn                 small_strcspn
#define strpbrk                 small_strpbrk
#define strcmp                  small_strcmp
#define strncmp                 small_strncmp
#define strstr                  small_strstr
#define __udivmoddi4            small_udivmoddi4
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *memory, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *memory, int c, size_t len);
void *memmove(void *to, const void *from, size_t len);
size_t strlen(const char *s);
char *strcpy(char *to, const char *from);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strpbrk(const char *s, const char *set);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
char *strstr(const char *s, const char *wanted);
#include "tk_libc.c"
#undef memcpy
#undef memset
#undef memcmp
#undef memchr
#undef memmove
#undef strlen
#undef strcpy
#undef strchr
#undef strrchr
#undef strspn
#undef strcspn
#undef strpbrk
#undef strcmp
#undef strncmp
#undef strstr

static uint64_t seed = 1;

static uint64_t draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 16;
}

/* Few letters, so that many are equal; one has its top bit set. */
static void fill(char *s, size_t size)
{
    size_t len = draw() % size;

    for (size_t i = 0; i < len; i++)
        s[i] = "ab\xe4"[draw() % 3];
    s[len] = '\0';
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void string_functions_agree(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        char a[12], b[4], copy[12];
        size_t len = draw() % 6;

        fill(a, sizeof a);
        fill(b, sizeof b);
        assert_int_equal(small_strlen(a), strlen(a));
        assert_int_equal(sign(small_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(small_strcmp(a, a), 0);
        assert_int_equal(sign(small_strncmp(a, b, len)), sign(strncmp(a, b, len)));
        assert_ptr_equal(small_strstr(a, b), strstr(a, b));
        assert_ptr_equal(small_strchr(a, b[0]), strchr(a, b[0]));
        assert_ptr_equal(small_strrchr(a, b[0]), strrchr(a, b[0]));
        assert_int_equal(small_strspn(a, b), strspn(a, b));
        assert_int_equal(small_strcspn(a, b), strcspn(a, b));
        assert_ptr_equal(small_strpbrk(a, b), strpbrk(a, b));
        assert_int_equal(sign(small_memcmp(a, b, len % 4)), sign(memcmp(a, b, len % 4)));
        assert_ptr_equal(small_memchr(a, b[0], strlen(a)), memchr(a, b[0], strlen(a)));
        assert_ptr_equal(small_strcpy(copy, a), copy);
        assert_string_equal(copy, a);
    }
    assert_null(small_memchr("", 0, 0));
}

static void memmove_agrees(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint8_t ours[64], libc[64];
        size_t len = draw() % 32, to = draw() % 32, from = draw() % 32;

        for (size_t j = 0; j < sizeof ours; j++)
            ours[j] = libc[j] = (uint8_t)draw();
        assert_ptr_equal(small_memmove(ours + to, ours + from, len), ours + to);
        memmove(libc + to, libc + from, len);
        assert_memory_equal(ours, libc, sizeof ours);
    }
}

static void memcpy_and_memset_agree(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint8_t ours[64], libc[64];
        size_t len = draw() % 29, to = draw() % 4, from = 32 + draw() % 4;
        int c = (int)draw();

        for (size_t j = 0; j < sizeof ours; j++)
            ours[j] = libc[j] = (uint8_t)draw();
        assert_ptr_equal(small_memcpy(ours + to, ours + from, len), ours + to);
        memcpy(libc + to, libc + from, len);
        assert_memory_equal(ours, libc, sizeof ours);
        assert_ptr_equal(small_memset(ours + from, c, len), ours + from);
        memset(libc + from, c, len);
        assert_memory_equal(ours, libc, sizeof ours);
    }
}

static void divide(uint64_t n, uint64_t d)
{
    uint64_t rest, quotient = small_udivmoddi4(n, d, &rest);

    assert_int_equal(quotient, n / d);
    assert_int_equal(rest, n % d);
}

static void division_agrees(void **state)
{
    static const uint64_t edges[] = {1,          2,          1000,       UINT32_MAX,
                                     1ull << 32, 1ull << 63, UINT64_MAX, UINT64_MAX - 1};

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        divide(0, edges[i]);
        for (size_t j = 0; j < sizeof edges / sizeof edges[0]; j++)
            divide(edges[i], edges[j]);
    }
    for (int i = 0; i < 1000000; i++) {
        uint64_t n = (draw() << 32 | (uint32_t)draw()) >> draw() % 64;
        uint64_t d = (draw() << 32 | (uint32_t)draw()) >> draw() % 64;

        divide(n, d == 0 ? 1 : d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(string_functions_agree), cmocka_unit_test(memmove_agrees),
        cmocka_unit_test(memcpy_and_memset_agree), cmocka_unit_test(division_agrees)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
