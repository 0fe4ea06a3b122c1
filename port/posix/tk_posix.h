/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_POSIX_H
#define TK_POSIX_H

/*
 * The contract on a POSIX system: BSD sockets, poll, a file as flash. Struct tk_port is in the
 * open so that a program may hold it where it likes; only the first part is the program's.
 *
 *      struct tk_port port;
 *      tk_posix_init(&port);
 *      tk_posix_console_attach(&port, 0, STDIN_FILENO, STDOUT_FILENO);
 *      while (!port.reboot) { ... tk_wait(&port, next); }
 *      tk_posix_free(&port);
 *
 * A port belongs to one thread. No descriptor that it opens survives an exec.
 */

#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_flash.h"
#include "tk_sock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_POSIX_CONSOLES = 8,
    TK_POSIX_CONSOLE_RING = 8192, /* bytes of output that wait for a slow terminal */
    TK_POSIX_SOCKETS = 16,
    TK_POSIX_LOOKUPS = 4,
    TK_POSIX_WATCHES = 32,
    TK_POSIX_ID_MAX = 32
};

/* Whether tk_wait ends for a thing: after a call answered "not now". Told is what the last tk_wait
 * ended for and nobody looked at since. */
struct tk_posix_interest {
    bool wanted;
    bool told;
};

/* What a lookup's thread hands back through its pipe. */
struct tk_posix_answer {
    size_t count;
    struct tk_addr addrs[TK_SOCK_ADDRS];
};

struct tk_posix_lookup {
    bool used;
    bool abandoned; /* nobody wants the answer, but its thread still runs */
    struct tk_posix_interest answered;
    int fd; /* of the pipe that the answer comes through; -1 once it is here */
    struct tk_posix_answer answer;
};

struct tk_posix_sock {
    bool used;
    bool connected;
    bool failed;
    struct tk_posix_interest read, write;
    int fd;
};

struct tk_posix_console {
    int in;  /* -1: nobody is attached */
    int out; /* outlives in until the ring is empty; -1: none */
    struct tk_posix_interest read, room;
    size_t head; /* of the ring: the next byte to go out */
    size_t len;  /* bytes in the ring */
    char ring[TK_POSIX_CONSOLE_RING];
};

struct tk_posix_watch {
    int fd;
    short events; /* 0: this place is free */
    short ready;
};

struct tk_port {
    /* the program's */
    bool unseeded; /* set it to play a machine without entropy */
    bool reboot;   /* tk_device_reboot was called: end the main loop and start again */
    int level;     /* of tk_device_indicate */
    bool has_key;  /* tk_device_key gives key */
    uint8_t key[TK_DEVICE_KEY_SIZE];

    /* the port's */
    char id[TK_POSIX_ID_MAX + 1];
    int timer;                      /* -1: poll's own timeout has to do */
    uint64_t timer_ms;              /* the tick that it is armed for */
    struct tk_posix_interest place; /* for another lookup */
    struct tk_posix_lookup lookups[TK_POSIX_LOOKUPS];
    struct tk_posix_sock socks[TK_POSIX_SOCKETS];
    struct tk_posix_console consoles[TK_POSIX_CONSOLES];
    struct tk_posix_watch watches[TK_POSIX_WATCHES];
};

/* Nothing is attached or open, and the device has the id of this machine. SIGPIPE is ignored from
 * then on, unless the program already handles it: a reader that went away is an outcome here. */
void tk_posix_init(struct tk_port *port);

/* Closes what the port opened. Console output that would have to wait is lost, lookups under way
 * end by themselves. Descriptors of consoles and watches stay open: they are the program's. */
void tk_posix_free(struct tk_port *port);

/*
 * Attaches a terminal to a line that has none. in and out may be the same descriptor, of any
 * kind; they stay the program's, and must stay open while tk_posix_console_attached.
 *
 * End of input detaches the line, an error too. Output that was taken before still goes out, and
 * the line counts as attached until it did, and until a read or a write said so. (A
 * pseudoterminal's master reads an error while no program has the other end open: who serves one
 * keeps that end open himself.)
 */
void tk_posix_console_attach(struct tk_port *port, unsigned line, int in, int out);
void tk_posix_console_detach(struct tk_port *port, unsigned line); /* at once, output and all */
bool tk_posix_console_attached(const struct tk_port *port, unsigned line);

/* tk_wait also ends while any of events (poll.h) is there on fd; events 0 forgets fd. 0, or -1
 * when the table is full. */
int tk_posix_watch(struct tk_port *port, int fd, short events);

/* What the last tk_wait saw on a watched fd, as poll's revents. */
short tk_posix_ready(const struct tk_port *port, int fd);

/* Another id than this machine's. 0, or -1 for one that the contract does not allow. */
int tk_posix_set_id(struct tk_port *port, const char *id);

/* Flash that is a regular file: real sectors, and programs that only clear bits. */
enum {
    TK_POSIX_FLASH_OK = 0,
    TK_POSIX_FLASH_ERR = -1,  /* errno says why */
    TK_POSIX_FLASH_BUSY = -2, /* somebody else has it open */
    TK_POSIX_FLASH_SIZE = -3  /* there is something of another size or kind in its place */
};

struct tk_posix_flash {
    struct tk_flash flash; /* flash.ctx is this struct: it must not move while open */
    int fd;
};

/* Opens the file, and makes it first where there is none: erased, mode 0600, and either whole or
 * not there at all. It is locked until tk_posix_flash_close. */
int tk_posix_flash_open(struct tk_posix_flash *f, const char *path, uint32_t sector_size,
                        uint32_t sectors, uint32_t unit);
void tk_posix_flash_close(struct tk_posix_flash *f);

#endif
