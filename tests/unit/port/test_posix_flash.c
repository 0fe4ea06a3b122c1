/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkdtemp, syscall */

/* Flash of the POSIX port, in a real file. */

#include "tk_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char dir[32];
    char file[48];
};

static void make_dir(struct place *p)
{
    strcpy(p->dir, "/tmp/tk-posix-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->file, sizeof p->file, "%s/flash.bin", p->dir);
}

/* Fails where the directory has other files than the flash. */
static void remove_dir(const struct place *p)
{
    unlink(p->file);
    assert_int_equal(rmdir(p->dir), 0);
}

static int open_flash(struct tk_posix_flash *f, const struct place *p)
{
    return tk_posix_flash_open(f, p->file, 4096, 4, 8);
}

static void a_new_flash_is_erased_and_private(void **state)
{
    struct tk_posix_flash f;
    struct place p;
    struct stat st;
    uint8_t buf[4096], blank[4096];

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(st.st_size, 4 * 4096);
    assert_int_equal(st.st_mode & 07777, 0600);
    memset(blank, 0xff, sizeof blank);
    for (uint32_t sector = 0; sector < 4; sector++) {
        assert_int_equal(f.flash.read(f.flash.ctx, sector * 4096, buf, 4096), TK_FLASH_OK);
        assert_memory_equal(buf, blank, sizeof buf);
    }
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void programs_only_clear_bits(void **state)
{
    const uint8_t first[8] = {0xf0, 0xff, 1, 2, 3, 4, 5, 6};
    const uint8_t second[8] = {0x3c, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t both[8] = {0x30, 0x0f, 1, 2, 3, 4, 5, 6};
    struct tk_posix_flash f;
    struct place p;
    uint8_t buf[8];

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(f.flash.program(f.flash.ctx, 4096 + 8, first, 8), TK_FLASH_OK);
    assert_int_equal(f.flash.program(f.flash.ctx, 4096 + 8, second, 8), TK_FLASH_OK);
    assert_int_equal(f.flash.sync(f.flash.ctx), TK_FLASH_OK);
    tk_posix_flash_close(&f);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(f.flash.read(f.flash.ctx, 4096 + 8, buf, 8), TK_FLASH_OK);
    assert_memory_equal(buf, both, 8);
    assert_int_equal(f.flash.erase(f.flash.ctx, 4096), TK_FLASH_OK);
    assert_int_equal(f.flash.read(f.flash.ctx, 4096 + 8, buf, 8), TK_FLASH_OK);
    assert_int_equal(buf[0] & buf[7], 0xff);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void a_whole_sector_is_programmed_in_one_call(void **state)
{
    struct tk_posix_flash f;
    struct place p;
    uint8_t data[4096], buf[4096];

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    assert_int_equal(f.flash.program(f.flash.ctx, 8192, data, sizeof data), TK_FLASH_OK);
    assert_int_equal(f.flash.read(f.flash.ctx, 8192, buf, sizeof buf), TK_FLASH_OK);
    assert_memory_equal(buf, data, sizeof data);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void operations_against_the_contract_are_refused(void **state)
{
    static const struct {
        uint32_t offset;
        size_t len;
    } programs[] = {{4, 8}, {8, 4}, {4088, 16}, {16384, 8}, {16376, 16}, {UINT32_MAX - 7, 8}};
    struct tk_posix_flash f;
    struct place p;
    uint8_t buf[64] = {0};

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        assert_int_equal(f.flash.program(f.flash.ctx, programs[i].offset, buf, programs[i].len),
                         TK_FLASH_ERR);
    assert_int_equal(f.flash.erase(f.flash.ctx, 8), TK_FLASH_ERR);
    assert_int_equal(f.flash.erase(f.flash.ctx, 16384), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(f.flash.ctx, 16384, buf, 1), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(f.flash.ctx, 16350, buf, 35), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(f.flash.ctx, 16384, buf, 0), TK_FLASH_OK);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void a_flash_can_be_opened_once(void **state)
{
    struct tk_posix_flash first, second;
    struct place p;

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&first, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(open_flash(&second, &p), TK_POSIX_FLASH_BUSY);
    tk_posix_flash_close(&first);
    assert_int_equal(open_flash(&second, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&second);
    remove_dir(&p);
}

/* Between open and flock this file takes the place of the other one. */
static const char *replaces, *replaced;

int flock(int fd, int operation)
{
    if (replaces != NULL)
        assert_int_equal(rename(replaces, replaced), 0);
    replaces = NULL;
    return (int)syscall(SYS_flock, fd, operation);
}

static void a_file_that_is_replaced_meanwhile_is_not_used(void **state)
{
    struct tk_posix_flash f;
    struct place p, other;

    (void)state;
    make_dir(&p);
    make_dir(&other);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    assert_int_equal(open_flash(&f, &other), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    replaces = other.file;
    replaced = p.file;
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_BUSY);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    remove_dir(&p);
    remove_dir(&other);
}

static void a_write_that_fails_is_remembered(void **state)
{
    const uint8_t zero[8] = {0};
    struct tk_posix_flash f;
    struct place p;

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_int_equal(f.flash.program(f.flash.ctx, 0, zero, 8), TK_FLASH_OK);
    assert_int_equal(f.flash.erase(f.flash.ctx, 0), TK_FLASH_OK);
    assert_false(f.failed);
    close(f.fd);
    f.fd = open(p.file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(f.flash.erase(f.flash.ctx, 0), TK_FLASH_ERR);
    assert_true(f.failed);
    f.failed = false;
    assert_int_equal(f.flash.program(f.flash.ctx, 0, zero, 8), TK_FLASH_ERR);
    assert_true(f.failed);
    tk_posix_flash_close(&f);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    assert_false(f.failed);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void a_file_that_shrank_or_was_removed_is_not_written(void **state)
{
    const uint8_t data[8] = {0};
    struct tk_posix_flash f;
    struct place p;
    struct stat st;

    (void)state;
    make_dir(&p);
    for (int is_removed = 0; is_removed < 2; is_removed++) {
        unlink(p.file);
        assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
        assert_int_equal(is_removed ? unlink(p.file) : truncate(p.file, 8192), 0);
        assert_int_equal(f.flash.program(f.flash.ctx, 0, data, sizeof data), TK_FLASH_ERR);
        assert_int_equal(f.flash.erase(f.flash.ctx, 8192), TK_FLASH_ERR);
        assert_true(f.failed);
        assert_int_equal(fstat(f.fd, &st), 0);
        assert_int_equal(st.st_size, is_removed ? 4 * 4096 : 8192);
        tk_posix_flash_close(&f);
    }
    remove_dir(&p);
}

static void a_file_that_others_may_read_or_write_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666};
    struct tk_posix_flash f;
    struct place p;

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(p.file, modes[i]), 0);
        assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_MODE);
    }
    assert_int_equal(chmod(p.file, 0600), 0);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    remove_dir(&p);
}

static void a_file_of_another_size_or_type_is_refused(void **state)
{
    struct tk_posix_flash f;
    struct place p;

    (void)state;
    make_dir(&p);
    assert_int_equal(open_flash(&f, &p), TK_POSIX_FLASH_OK);
    tk_posix_flash_close(&f);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 4096, 8, 8), TK_POSIX_FLASH_SIZE);
    assert_int_equal(tk_posix_flash_open(&f, "/dev/null", 4096, 4, 8), TK_POSIX_FLASH_SIZE);
    assert_int_equal(tk_posix_flash_open(&f, p.dir, 4096, 4, 8), TK_POSIX_FLASH_ERR);
    assert_int_equal(tk_posix_flash_open(&f, "/nowhere/flash", 4096, 4, 8), TK_POSIX_FLASH_ERR);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 512, 4, 8), TK_POSIX_FLASH_ERR);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 4096, 4, 3), TK_POSIX_FLASH_ERR);
    assert_int_equal(tk_posix_flash_open(&f, p.file, 4096, 1, 8), TK_POSIX_FLASH_ERR);
    remove_dir(&p);
}

/* Opens the flash, reports the result, and keeps it open until all have reported. */
static int race(const char *file, int go, int done, int leave)
{
    struct tk_posix_flash f;
    char byte;

    if (read(go, &byte, 1) != 1)
        return 9;
    int ret = tk_posix_flash_open(&f, file, 65536, 4, 8);
    uint8_t result = (uint8_t)-ret;

    if (write(done, &result, 1) != 1 || read(leave, &byte, 1) != 1)
        return 9;
    tk_posix_flash_close(&f);
    return 0;
}

static void one_of_many_that_create_it_at_once_succeeds(void **state)
{
    enum { RACERS = 6 };
    int go[2], done[2], leave[2], status, got[4] = {0};
    struct place p;
    uint8_t result;

    (void)state;
    make_dir(&p);
    assert_true(pipe(go) == 0 && pipe(done) == 0 && pipe(leave) == 0);
    for (int i = 0; i < RACERS; i++) {
        if (fork() == 0)
            _exit(race(p.file, go[0], done[1], leave[0]));
    }
    assert_int_equal(write(go[1], "123456", RACERS), RACERS);
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(read(done[0], &result, 1), 1);
        got[result & 3]++;
    }
    assert_int_equal(write(leave[1], "123456", RACERS), RACERS);
    for (int i = 0; i < RACERS; i++)
        assert_true(wait(&status) > 0 && status == 0);
    assert_int_equal(got[-TK_POSIX_FLASH_OK], 1);
    assert_int_equal(got[-TK_POSIX_FLASH_BUSY], RACERS - 1);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(done[i]);
        close(leave[i]);
    }
    remove_dir(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_flash_is_erased_and_private),
        cmocka_unit_test(programs_only_clear_bits),
        cmocka_unit_test(a_whole_sector_is_programmed_in_one_call),
        cmocka_unit_test(operations_against_the_contract_are_refused),
        cmocka_unit_test(a_flash_can_be_opened_once),
        cmocka_unit_test(a_file_that_is_replaced_meanwhile_is_not_used),
        cmocka_unit_test(a_write_that_fails_is_remembered),
        cmocka_unit_test(a_file_that_shrank_or_was_removed_is_not_written),
        cmocka_unit_test(a_file_that_others_may_read_or_write_is_refused),
        cmocka_unit_test(a_file_of_another_size_or_type_is_refused),
        cmocka_unit_test(one_of_many_that_create_it_at_once_succeeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
