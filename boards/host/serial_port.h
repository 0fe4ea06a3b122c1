/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_SERIAL_PORT_H
#define TK_HOST_SERIAL_PORT_H

/* The serial ports of this machine. POSIX; where Linux differs, by what the file system has. */

#include <stdbool.h>
#include <stddef.h>

enum {
    TK_SERIAL_BAUD = 115200, /* of the consoles of our boards */
    TK_SERIAL_PORTS = 64,
    TK_SERIAL_NAME = 128 /* bytes of a path */
};

/*
 * Opens a port, or the socket that stands for one of an emulator, for this program alone: raw, 8N1,
 * no flow control, non-blocking. Modem lines are not waited for and stay as the driver has them,
 * also when the port is closed, since they reset some boards. Returns the descriptor, or -1 with
 * errno: EBUSY also where another program holds its lock, ENOTTY for a file that is no terminal,
 * EINVAL for a speed that is not a usual one.
 */
int tk_serial_open(const char *path, unsigned baud);

/* Puts a sentence that says what to do about an error of tk_serial_open into words[0..size). */
void tk_serial_explain(const char *path, int error, char *words, size_t size);

/* Lists the ports that have hardware behind them: those of the directory sys in sysfs, or without
 * one the call-out devices in dev (cu.*, macOS). Returns how many were put into paths, in order. */
size_t tk_serial_list(const char *sys, const char *dev,
                      char paths[TK_SERIAL_PORTS][TK_SERIAL_NAME]);

#endif
