/* SPDX-License-Identifier: Apache-2.0 */

/* Sealed records. OpenSSL decrypts one by FORMAT.md and tk_seal.h alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "store_load.h"
#include "tk_seal.h"

static const uint8_t board_key[TK_SEAL_KEY] = "the key of a board, of 32 bytes";
static struct tk_seal seal;

/* --- a seal that notes nonces and contents --- */

enum { NOTES = 20000 };

struct note {
    uint8_t nonce[TK_STORE_NONCE];
    uint8_t digest[32]; /* of sector, heads and plaintext */
};

static struct note notes[NOTES];
static unsigned note_count;
static EVP_MD_CTX *plain;
static bool derives_nonce;

static void spy_begin(void *ctx, const uint8_t *nonce)
{
    derives_nonce = nonce == NULL;
    if (derives_nonce)
        EVP_DigestInit_ex(plain, EVP_sha256(), NULL);
    seal.store.begin(ctx, nonce);
}

static void spy_head(void *ctx, const void *data, size_t len)
{
    if (derives_nonce)
        EVP_DigestUpdate(plain, data, len);
    seal.store.add_head(ctx, data, len);
}

static void spy_values(void *ctx, const void *data, size_t len)
{
    if (derives_nonce)
        EVP_DigestUpdate(plain, data, len);
    seal.store.add_values(ctx, data, len);
}

static void spy_end(void *ctx, uint8_t out[TK_STORE_TAG])
{
    struct note *n = &notes[note_count];

    seal.store.end(ctx, out);
    if (!derives_nonce)
        return;
    assert_true(note_count++ < NOTES);
    memcpy(n->nonce, out, sizeof n->nonce);
    EVP_DigestFinal_ex(plain, n->digest, NULL);
}

static void spy_crypt(void *ctx, const uint8_t nonce[TK_STORE_NONCE], uint32_t offset, void *data,
                      size_t len)
{
    seal.store.crypt(ctx, nonce, offset, data, len);
}

static struct tk_store_seal spy = {.ctx = &seal,
                                   .begin = spy_begin,
                                   .add_head = spy_head,
                                   .add_values = spy_values,
                                   .end = spy_end,
                                   .crypt = spy_crypt};

/* --- fixture --- */

static void open_sealed(void)
{
    tk_sim_flash_power_on(&f);
    assert_int_equal(tk_store_open(&s, &f.flash, &spy), TK_STORE_OK);
}

static int begin_sealed(void **state)
{
    (void)state;
    note_count = 0;
    plain = EVP_MD_CTX_new();
    assert_true(tk_seal_init(&seal, board_key));
    tk_sim_flash_init(&f, 1024, 4, 4);
    open_sealed();
    return 0;
}

static int end_sealed(void **state)
{
    (void)state;
    EVP_MD_CTX_free(plain);
    tk_seal_free(&seal);
    end();
    return 0;
}

static bool flash_has(const void *bytes, size_t len)
{
    for (size_t at = 0; at + len <= 4096; at++) {
        if (memcmp(f.bytes + at, bytes, len) == 0)
            return true;
    }
    return false;
}

static void values_read_back_and_flash_holds_no_plaintext(void **state)
{
    uint8_t value[70];

    (void)state;
    for (uint32_t n = 0; n < 60; n++) {
        run(n, n + 1);
        assert_true(holds(n));
        if (n % 7 == 0)
            open_sealed();
        assert_true(holds(n));
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_true(holds(n));
        for (int key = 0; key < KEYS; key++) {
            fill(value, key, key < STATIC ? 0 : n);
            assert_false(flash_has(value, 8));
        }
    }
    assert_string_equal(tk_store_health(&s), "ok");
}

static void the_previous_value_reads_back(void **state)
{
    uint8_t got[70], want[70];

    (void)state;
    run(0, 9);
    assert_int_equal(tk_store_previous(&s, STATIC, got, sizeof got), lens[STATIC]);
    fill(want, STATIC, 7);
    assert_memory_equal(got, want, lens[STATIC]);
}

static void long_values_read_back(void **state)
{
    static char large[700], got[700];
    struct tk_store_piece pieces[] = {{large, 3}, {large + 3, 130}, {large + 133, 567}};
    struct tk_store_value value = {9, 3, pieces};

    (void)state;
    for (int i = 0; i < 700; i++)
        large[i] = (char)(i * 7);
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    uint64_t operations = f.operations;

    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK); /* no change */
    assert_int_equal(f.operations, operations);
    open_sealed();
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
    assert_int_equal(tk_store_get(&s, 9, got, sizeof got), 700);
    assert_memory_equal(got, large, 700);
}

/* --- another implementation --- */

static void derive(const char *purpose, uint8_t out[32])
{
    assert_non_null(HMAC(EVP_sha256(), board_key, sizeof board_key, (const uint8_t *)purpose,
                         strlen(purpose), out, NULL));
}

/* The record of one value of 2 bytes in sector seq: count, head, check, nonce, value, tag. */
static void assert_openssl_decrypts(uint32_t seq)
{
    uint8_t key[32], nonce_key[32], got[2], nonce[32];
    uint8_t head[] = {
        (uint8_t)seq, (uint8_t)(seq >> 8), (uint8_t)(seq >> 16), (uint8_t)(seq >> 24), 2, 1, 7, 2};
    uint8_t message[sizeof head + 2];
    const uint8_t *record = f.bytes + seq % 4 * 1024 + 32;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len;

    derive("tokenkeeper store key", key);
    derive("tokenkeeper store nonce", nonce_key);
    EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, record + 5);
    EVP_DecryptUpdate(ctx, NULL, &len, head, sizeof head);
    EVP_DecryptUpdate(ctx, got, &len, record + 17, 2);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, (void *)(record + 19));
    assert_int_equal(EVP_DecryptFinal_ex(ctx, got + 2, &len), 1);
    assert_memory_equal(got, "hi", 2);
    EVP_CIPHER_CTX_free(ctx);
    memcpy(message, head, sizeof head);
    memcpy(message + sizeof head, "hi", 2);
    HMAC(EVP_sha256(), nonce_key, sizeof nonce_key, message, sizeof message, nonce, NULL);
    assert_memory_equal(nonce, record + 5, TK_STORE_NONCE);
}

static void openssl_decrypts_a_sealed_record(void **state)
{
    static const struct tk_store_piece piece = {"hi", 2};
    static const struct tk_store_value value = {7, 1, &piece};

    (void)state;
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    assert_openssl_decrypts(1);
    assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
    s.top.seq = 0x12345678; /* as after many laps, the newest one empty and in the first place */
    s.oldest = s.top.seq + 1;
    s.unwritten_since_mount = false;
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    assert_openssl_decrypts(0x12345679);
    open_sealed();
    assert_int_equal(s.top.seq, 0x12345679);
}

/* Its counter blocks need a second byte; its last block has one byte. */
static void openssl_decrypts_a_long_value(void **state)
{
    enum { LEN = 5009, HEADS = LEN / 254 + 1, HEAD = 5 + 1 + 2 * HEADS };
    static uint8_t large[LEN], got[LEN];
    uint8_t key[32], head[HEAD] = {1, 0, 0, 0, 2, HEADS};
    struct tk_store_piece piece = {large, LEN};
    struct tk_store_value value = {7, 1, &piece};
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len;

    end();
    tk_sim_flash_init(&f, 8192, 4, 1);
    open_sealed();
    for (int i = 0; i < LEN; i++)
        large[i] = (uint8_t)(i * 7 + i / 256);
    for (int i = 0; i < HEADS; i++) {
        head[6 + 2 * i] = 7;
        head[7 + 2 * i] = i < HEADS - 1 ? 255 : LEN % 254;
    }
    assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
    const uint8_t *nonce = f.bytes + 8192 + 32 + 1 + 2 * HEADS + 2;

    derive("tokenkeeper store key", key);
    EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce);
    EVP_DecryptUpdate(ctx, NULL, &len, head, sizeof head);
    EVP_DecryptUpdate(ctx, got, &len, nonce + 12, LEN);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, (void *)(nonce + 12 + LEN));
    assert_int_equal(EVP_DecryptFinal_ex(ctx, got + LEN, &len), 1);
    assert_memory_equal(got, large, LEN);
    EVP_CIPHER_CTX_free(ctx);
    (void)state;
}

/* Over a number that no record has, both halves of the header, and no tag. */
static void assert_openssl_has_the_tag(uint32_t at)
{
    uint8_t nonce_key[32], message[4 + 16 + 4 + 2 + 4] = {0}, tag[32];
    const uint8_t *first = f.bytes + at, *second = first + 16;

    derive("tokenkeeper store nonce", nonce_key);
    memcpy(message + 4, first, 16);
    memcpy(message + 20, second, 4 + 2);
    memcpy(message + 26, second + 8, 4);
    HMAC(EVP_sha256(), nonce_key, sizeof nonce_key, message, sizeof message, tag, NULL);
    assert_memory_equal(second + 12, tag, 4);
    assert_memory_equal(second + 6, tag + 4, 2);
}

static void openssl_has_the_tags_of_headers_and_marks(void **state)
{
    (void)state;
    f.worn[2] = TK_SIM_NO_ERASE;
    run(0, 9);
    assert_int_equal(s.top.worn, 1 << 2);
    assert_openssl_has_the_tag(s.top.seq % 4 * 1024);
    tk_store_close(&s);
    assert_openssl_has_the_tag(s.limit);
}

/* --- nonces --- */

static int put(uint8_t byte)
{
    uint8_t bytes[60];
    struct tk_store_piece piece = {bytes, sizeof bytes};
    struct tk_store_value value = {1, 1, &piece};

    memset(bytes, byte, sizeof bytes);
    return tk_store_commit(&s, &value, 1);
}

static void assert_each_nonce_has_one_content(void)
{
    unsigned pairs = 0;

    for (unsigned i = 0; i < note_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (memcmp(notes[i].nonce, notes[j].nonce, TK_STORE_NONCE) != 0)
                continue;
            assert_memory_equal(notes[i].digest, notes[j].digest, sizeof notes[i].digest);
            pairs++;
        }
    }
    assert_true(pairs > 0); /* equal contents do get equal nonces, so the loop compares something */
}

/* A commit is cut at each operation; then one with other values is made in its place. */
static void a_torn_commit_never_reuses_a_nonce(void **state)
{
    uint8_t *kept = malloc(4096), *kept_programmed = malloc(1024);

    (void)state;
    assert_true(kept != NULL && kept_programmed != NULL);
    for (uint8_t n = 0; n < 24; n++) {
        assert_int_equal(put(n), TK_STORE_OK);
        memcpy(kept, f.bytes, 4096);
        memcpy(kept_programmed, f.programmed, 1024);
        for (unsigned at = 1, cut = 1; cut; at++) {
            memcpy(f.bytes, kept, 4096);
            memcpy(f.programmed, kept_programmed, 1024);
            open_sealed();
            f.torn_program = (enum tk_sim_torn_program)(at % 4);
            f.cut_at = f.operations + at;
            (void)put((uint8_t)(100 + at));
            cut = f.off;
            open_sealed();
            assert_int_equal(put((uint8_t)(150 + at)), TK_STORE_OK);
            assert_int_equal(put((uint8_t)(100 + at)), TK_STORE_OK);
        }
        memcpy(f.bytes, kept, 4096);
        memcpy(f.programmed, kept_programmed, 1024);
        open_sealed();
    }
    assert_in_range(note_count, 300, NOTES);
    assert_each_nonce_has_one_content();
    free(kept);
    free(kept_programmed);
}

/* --- copies --- */

/* Whole, as the last one before a start; then with other values, when its sector is recycled. */
static void records_are_copied(void **state)
{
    uint8_t got[60];

    (void)state;
    assert_int_equal(put(4), TK_STORE_OK);
    assert_int_equal(put(5), TK_STORE_OK);
    open_sealed();
    assert_true(s.unsettled != 0);
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
    assert_int_equal(s.top.seq, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tk_store_get(&s, 1, got, sizeof got), 60);
        assert_int_equal(got[59], 5);
        open_sealed();
    }
    run(1, 40); /* of other keys */
    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), 60);
    assert_int_equal(got[59], 5);
}

/* --- misreads and wrong bits --- */

static void a_misread_of_a_get_shows_in_nothing(void **state)
{
    uint8_t got[60];

    (void)state;
    assert_int_equal(put(7), TK_STORE_OK);
    for (uint64_t at = 1; at < 60; at++) {
        f.random = at;
        f.misread_at = f.reads + at;
        assert_int_equal(tk_store_get(&s, 1, got, sizeof got), 60);
        assert_int_equal(got[59], 7);
        assert_string_equal(tk_store_health(&s), "ok");
    }
}

/* One is tolerated. With two, without a mark, the key is another. */
static void each_bit_of_the_tag_of_a_header(void **state)
{
    static const uint8_t bytes[] = {28, 29, 30, 31, 22, 23};

    (void)state;
    run(0, 3);
    uint8_t *header = f.bytes + s.top.seq % 4 * 1024;

    for (int bit = 0; bit < 48; bit++) {
        int next = (bit + 1) % 48;

        header[bytes[bit / 8]] ^= (uint8_t)(1 << bit % 8);
        open_sealed();
        assert_true(holds(2));
        header[bytes[next / 8]] ^= (uint8_t)(1 << next % 8);
        assert_int_equal(tk_store_open(&s, &f.flash, &spy), TK_STORE_SEALED);
        header[bytes[bit / 8]] ^= (uint8_t)(1 << bit % 8);
        header[bytes[next / 8]] ^= (uint8_t)(1 << next % 8);
    }
}

/* With two, a mark has the header once more. */
static void wrong_bits_in_the_tag_of_a_header(void **state)
{
    (void)state;
    run(0, 3);
    uint8_t *tag = f.bytes + s.top.seq % 4 * 1024 + 28;

    for (int bits = 0; bits < 3; bits++) {
        tk_store_close(&s);
        open_sealed();
        assert_true(holds(2));
        tag[bits] ^= 0x10;
    }
    assert_int_equal(tk_store_open(&s, &f.flash, &spy), TK_STORE_OK);
    run(3, 20);
    open_sealed();
    assert_true(holds(19));
}

/* --- an attacker who can write the flash, and the CRC --- */

static uint32_t crc32_of(uint32_t crc, const uint8_t *p, size_t len)
{
    crc = ~crc;
    while (len-- > 0) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Makes the CRC of the record right again. */
static void forge(uint8_t *record, size_t len)
{
    uint8_t seq[4] = {1 ^ 0x00, 0xed, 0xa1, 0x5e}; /* with the constant for sealed records */
    uint32_t crc = crc32_of(crc32_of(0, seq, 4), record, len);

    for (int i = 0; i < 4; i++)
        record[len + (size_t)i] = (uint8_t)(crc >> 8 * i);
}

static void a_forged_record_is_refused(void **state)
{
    uint8_t got[60], record[3 + 2 + 12 + 60 + 16 + 4];
    size_t len = sizeof record - 4;

    (void)state;
    assert_int_equal(put(4), TK_STORE_OK);
    uint8_t *at = f.bytes + s.append_at;

    assert_int_equal(put(5), TK_STORE_OK);

    memcpy(record, at, sizeof record);
    forge(at, len);
    assert_memory_equal(at, record, sizeof record); /* unchanged, so forge() is right */
    for (size_t byte = 5; byte < len; byte++) {
        memcpy(at, record, sizeof record);
        at[byte] ^= 0x10;
        forge(at, len);
        open_sealed();
        memset(got, 0, sizeof got);
        assert_int_equal(tk_store_get(&s, 1, got, sizeof got), TK_STORE_FLASH);
        assert_string_equal(tk_store_health(&s), "corrupt");
    }
    memcpy(at, record, sizeof record);
    open_sealed();
    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), 60);
}

/* Nothing can be read or changed. */
static void assert_refused(void)
{
    uint64_t operations = f.operations;

    assert_int_equal(tk_store_get(&s, 0, NULL, 0), TK_STORE_SEALED);
    assert_int_equal(commit(0), TK_STORE_SEALED);
    assert_int_equal(tk_store_prepare(&s), TK_STORE_SEALED);
    assert_int_equal(f.operations, operations);
}

static void another_key_is_refused(void **state)
{
    struct tk_seal other;

    (void)state;
    run(0, 3);
    assert_true(tk_seal_init(&other, (const uint8_t *)"another key of another board, 32"));
    assert_int_equal(tk_store_open(&s, &f.flash, &other.store), TK_STORE_SEALED);
    assert_refused();
    tk_seal_free(&other);
    open_sealed();
    assert_true(holds(2));
}

static void a_sealed_store_is_refused_without_a_seal(void **state)
{
    (void)state;
    run(0, 3);
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_SEALED);
    assert_refused();
    open_sealed();
    assert_true(holds(2));
}

static void a_plaintext_store_is_refused_with_a_seal(void **state)
{
    (void)state;
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
    run(0, 3);
    assert_int_equal(tk_store_open(&s, &f.flash, &seal.store), TK_STORE_SEALED);
    assert_refused();
    assert_int_equal(tk_store_wipe(&s), TK_STORE_OK); /* the way out */
    run(0, 1);
    assert_true(holds(0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_sealed, end_sealed)
    const struct CMUnitTest tests[] = {
        TEST(values_read_back_and_flash_holds_no_plaintext),
        TEST(the_previous_value_reads_back),
        TEST(long_values_read_back),
        TEST(openssl_decrypts_a_sealed_record),
        TEST(openssl_decrypts_a_long_value),
        TEST(openssl_has_the_tags_of_headers_and_marks),
        TEST(a_torn_commit_never_reuses_a_nonce),
        TEST(records_are_copied),
        TEST(a_misread_of_a_get_shows_in_nothing),
        TEST(each_bit_of_the_tag_of_a_header),
        TEST(wrong_bits_in_the_tag_of_a_header),
        TEST(a_forged_record_is_refused),
        TEST(another_key_is_refused),
        TEST(a_sealed_store_is_refused_without_a_seal),
        TEST(a_plaintext_store_is_refused_with_a_seal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
