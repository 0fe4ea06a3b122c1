/* SPDX-License-Identifier: Apache-2.0 */

/* The serial ports of a machine that the test plays, and pseudoterminals as ports. */

#include "serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

static char paths[TK_SERIAL_PORTS][TK_SERIAL_NAME];

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static int enter_directory(void **state)
{
    static char dir[] = "/tmp/tk-serial-XXXXXX";

    (void)state;
    return mkdtemp(dir) == NULL ? -1 : chdir(dir);
}

static int remove_directory(void **state)
{
    (void)state;
    return system("rm -rf -- \"$PWD\"");
}

static void only_ports_with_hardware_are_listed(void **state)
{
    (void)state;
    run("mkdir -p sys/ttyUSB1/device/driver sys/ttyACM0/device/driver sys/ttyS0/device/driver "
        "sys/ttyS1/device/driver sys/ttyS2/device sys/tty0 sys/console");
    run("echo 4 > sys/ttyS0/type; echo 0 > sys/ttyS1/type");
    assert_int_equal(tk_serial_list("sys", "/dev", paths), 3);
    assert_string_equal(paths[0], "/dev/ttyACM0");
    assert_string_equal(paths[1], "/dev/ttyS0");
    assert_string_equal(paths[2], "/dev/ttyUSB1");
}

static void without_sysfs_the_call_out_devices_are_listed(void **state)
{
    (void)state;
    run("mkdir dev; touch dev/cu.usbserial-2 dev/cu.usbmodem1 dev/tty.usbmodem1 dev/cuaU0 "
        "dev/null");
    assert_int_equal(tk_serial_list("missing", "dev", paths), 2);
    assert_string_equal(paths[0], "dev/cu.usbmodem1");
    assert_string_equal(paths[1], "dev/cu.usbserial-2");
    assert_int_equal(tk_serial_list("missing", "missing", paths), 0);
}

static void more_ports_than_fit_are_left_out(void **state)
{
    (void)state;
    run("for i in $(seq 100); do mkdir -p many/ttyUSB$i/device/driver; done");
    assert_int_equal(tk_serial_list("many", "/dev", paths), TK_SERIAL_PORTS);
}

static void a_port_is_raw_and_keeps_its_modem_lines_when_closed(void **state)
{
    int ours = posix_openpt(O_RDWR | O_NOCTTY), fd;
    struct termios line;

    (void)state;
    assert_true(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
    fd = tk_serial_open(ptsname(ours), 9600);
    assert_true(fd >= 0);
    assert_int_equal(tcgetattr(fd, &line), 0);
    assert_int_equal(line.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(line.c_iflag & (IXON | IXOFF | ICRNL), 0);
    assert_int_equal(line.c_cflag & (CSIZE | CLOCAL | CREAD | HUPCL | CSTOPB | CRTSCTS),
                     CS8 | CLOCAL | CREAD);
    assert_int_equal(cfgetospeed(&line), B9600);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(tk_serial_open(ptsname(ours), 9600), -1);
    assert_int_equal(errno, EBUSY);
    close(fd);
    close(ours);
}

static void what_cannot_be_opened_says_why(void **state)
{
    const struct {
        const char *path;
        unsigned baud;
        int error;
    } cases[] = {
        {"missing", 115200, ENOENT}, {"/dev/null", 115200, ENOTTY}, {"/dev/null", 7, EINVAL}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(tk_serial_open(cases[i].path, cases[i].baud), -1);
        assert_int_equal(errno, cases[i].error);
    }
}

static void an_error_names_the_group_and_the_next_step(void **state)
{
    char words[512], wanted[256];
    struct stat st;

    (void)state;
    run("touch port; chmod 660 port");
    tk_serial_explain("port", EACCES, words, sizeof words);
    assert_int_equal(stat("port", &st), 0);
    const struct group *group = getgrgid(st.st_gid);

    snprintf(wanted, sizeof wanted, "its group is %s; run usermod -aG %s $USER", group->gr_name,
             group->gr_name);
    assert_non_null(strstr(words, wanted));
    run("chmod 600 port");
    tk_serial_explain("port", EACCES, words, sizeof words);
    assert_non_null(strstr(words, "as root"));
    tk_serial_explain("port", EBUSY, words, sizeof words);
    assert_string_equal(words, "port is in use by another program; close that, then repeat");
    tk_serial_explain("port", ENOENT, words, sizeof words);
    assert_non_null(strstr(words, "check the cable"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ports_with_hardware_are_listed),
        cmocka_unit_test(without_sysfs_the_call_out_devices_are_listed),
        cmocka_unit_test(more_ports_than_fit_are_left_out),
        cmocka_unit_test(a_port_is_raw_and_keeps_its_modem_lines_when_closed),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(an_error_names_the_group_and_the_next_step),
    };

    return cmocka_run_group_tests(tests, enter_directory, remove_directory);
}
