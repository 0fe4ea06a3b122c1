/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_POSIX_H
#define TK_POSIX_H

/*
 * The contract on a POSIX system: BSD sockets, poll, a file as flash. struct tk_port is defined
 * here so that a program may allocate it anywhere; only its first part is for the program.
 *
 *      struct tk_port port;
 *      tk_posix_init(&port);
 *      tk_posix_console_attach(&port, 0, STDIN_FILENO, STDOUT_FILENO);
 *      while (!port.reboot) { ... tk_wait(&port, next); }
 *      tk_posix_free(&port);
 *
 * A port belongs to one thread; others may call tk_posix_wake. All descriptors that it opens are
 * close-on-exec.
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
    TK_POSIX_CONSOLE_RING = 8192, /* bytes of output buffered for a slow terminal */
    TK_POSIX_SOCKETS = 16,
    TK_POSIX_LOOKUPS = 4,
    TK_POSIX_WATCHES = 112,
    TK_POSIX_ID_MAX = 32
};

/* A condition that ends tk_wait. */
struct tk_posix_interest {
    bool wanted;   /* the last call reported "not ready" */
    bool reported; /* it ended the last tk_wait, and has not been used since */
};

/* The result that the thread of a lookup writes to its pipe. */
struct tk_posix_answer {
    size_t count;
    struct tk_addr addrs[TK_SOCK_ADDRS];
};

struct tk_posix_lookup {
    bool used;
    bool cancelled; /* its thread still runs */
    struct tk_posix_interest answered;
    int fd; /* read end of the pipe; -1 once the answer has arrived */
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
    int in;  /* -1: detached */
    int out; /* stays until the ring is empty; -1: none */
    struct tk_posix_interest read, room;
    uint64_t active_ms; /* tick of the last byte in or out */
    size_t head;        /* of the ring: the next byte to write */
    size_t len;         /* bytes in the ring */
    char ring[TK_POSIX_CONSOLE_RING];
};

struct tk_posix_watch {
    int fd;
    short events; /* 0: unused */
    short ready;
};

struct tk_port {
    /* for the program */
    bool unseeded; /* set: behave like a machine without entropy */
    bool reboot;   /* tk_device_reboot was called: leave the main loop; tk_wait does not sleep */
    int level;     /* of tk_device_indicate */
    bool has_key;  /* tk_device_key returns key */
    uint8_t key[TK_DEVICE_KEY_SIZE];

    /* private */
    char id[TK_POSIX_ID_MAX + 1];
    int id_error; /* 0: id is from the machine id; else why it is from the host name: ENOENT if the
                     machine has no id, or the errno of reading it */
    bool clock_synchronized;              /* the system's clock, since it was opened */
    uint64_t clock_checked_ms;            /* ... was asked for that last */
    int timer;                            /* descriptor; -1: poll's timeout is used */
    int wake[2];                          /* a pipe of tk_posix_wake; -1: none */
    uint64_t timer_ms;                    /* the tick that it is armed for */
    struct tk_posix_interest lookup_slot; /* a free slot for another lookup */
    struct tk_posix_lookup lookups[TK_POSIX_LOOKUPS];
    struct tk_posix_sock socks[TK_POSIX_SOCKETS];
    struct tk_posix_console consoles[TK_POSIX_CONSOLES];
    struct tk_posix_watch watches[TK_POSIX_WATCHES];
};

/* Initializes a port with no consoles or watches and with the id of this machine. Ignores SIGPIPE
 * unless the program handles it: writes report a closed reader. */
void tk_posix_init(struct tk_port *port);

/* Closes what the port opened. Buffered console output that would block is lost; threads of lookups
 * end by themselves. Descriptors of consoles and watches stay open: they are the program's. */
void tk_posix_free(struct tk_port *port);

/*
 * Attaches a terminal to an unused line. in and out may be the same descriptor, of any kind; they
 * stay the program's and must stay open while tk_posix_console_attached returns true.
 *
 * End of input or an error detaches the line. Output taken before is still written: the line counts
 * as attached until that is done and a read or write has reported TK_CONSOLE_CLOSED. (The master of
 * a pseudoterminal reads an error while the other side is closed: a program that serves one keeps
 * the other side open itself.)
 */
void tk_posix_console_attach(struct tk_port *port, unsigned line, int in, int out);

/* Detaches at once; output that would block is lost. */
void tk_posix_console_detach(struct tk_port *port, unsigned line);
bool tk_posix_console_attached(const struct tk_port *port, unsigned line);

/* The tick at which the line was attached, or at which a byte was last read or written. */
uint64_t tk_posix_console_active(const struct tk_port *port, unsigned line);

/* Makes tk_wait end while any of events (poll.h) is set on fd; events 0 removes fd. Returns 0, or
 * -1 if the table is full. */
int tk_posix_watch(struct tk_port *port, int fd, short events);

/* The revents of a watched fd in the last tk_wait. */
short tk_posix_ready(const struct tk_port *port, int fd);

/* Prepares tk_posix_wake, before the first thread may call it. Returns 0, or -1 with errno. */
int tk_posix_wake_open(struct tk_port *port);

/* Makes tk_wait return: the one in progress, or the next one. From any thread or signal handler,
 * until tk_posix_free. */
void tk_posix_wake(const struct tk_port *port);

/* Replaces the id of this machine. Returns 0, or -1 for one that tk_device_id does not allow. */
int tk_posix_set_id(struct tk_port *port, const char *id);

/* Flash in a regular file: sectors are erased to 0xFF, and programs only clear bits. */
enum {
    TK_POSIX_FLASH_OK = 0,
    TK_POSIX_FLASH_ERR = -1,  /* see errno */
    TK_POSIX_FLASH_BUSY = -2, /* locked by another program, or being replaced */
    TK_POSIX_FLASH_SIZE = -3, /* not a regular file, or of another size */
    TK_POSIX_FLASH_MODE = -4  /* others than its owner may read or write it */
};

struct tk_posix_flash {
    struct tk_flash flash; /* flash.ctx is this struct: it must not move while open */
    int fd;
    bool failed; /* a program, an erase or a sync did, since it was opened */
};

/* Opens and locks the file. Creates it if it does not exist: erased, mode 0600, complete or not at
 * all. */
int tk_posix_flash_open(struct tk_posix_flash *f, const char *path, uint32_t sector_size,
                        uint32_t sectors, uint32_t unit);
void tk_posix_flash_close(struct tk_posix_flash *f);

/* Makes the entry of a file in its directory durable. Returns 0, or -1 with errno. */
int tk_posix_sync_directory(const char *path);

#endif
