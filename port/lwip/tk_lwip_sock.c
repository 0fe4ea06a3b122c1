/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_private.h"

#include <lwip/priv/tcp_priv.h>
#include <string.h>

#if TCP_WND > 0xffff
#error "received data is one chain of pbufs, whose length lwIP counts in 16 bits"
#endif

enum { SMALLEST = 64 /* bytes worth sending when memory is short */ };

struct sock {
    bool used;
    bool connected;
    bool ended;          /* FIN received: `in` holds the last data */
    bool waits;          /* a send found no room */
    struct tcp_pcb *pcb; /* NULL: closed by lwIP, with an error unless `ended` */
    struct pbuf *in;     /* received and not read */
};

static struct sock socks[TK_LWIP_SOCKS];

static struct sock *find(int sock)
{
    return sock >= 0 && sock < TK_LWIP_SOCKS && socks[sock].used ? &socks[sock] : NULL;
}

static struct sock *free_slot(void)
{
    for (int i = 0; i < TK_LWIP_SOCKS; i++) {
        if (!socks[i].used)
            return &socks[i];
    }
    return NULL;
}

/* --- callbacks from lwIP --- */

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct sock *s = arg;

    (void)pcb;
    (void)err;
    s->connected = true;
    tk_lwip_wake();
    return ERR_OK;
}

/* The receive window limits the chain; it opens as data is read. */
static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct sock *s = arg;

    (void)pcb;
    (void)err;
    if (p == NULL)
        s->ended = true;
    else if (s->in == NULL)
        s->in = p;
    else
        pbuf_cat(s->in, p);
    tk_lwip_wake();
    return ERR_OK;
}

static err_t on_room(struct sock *s)
{
    if (s->waits)
        tk_lwip_wake();
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    (void)pcb;
    (void)len;
    return on_room(arg);
}

/* lwIP does not report that memory was freed elsewhere: sends are retried twice a second. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    (void)pcb;
    return on_room(arg);
}

/* Reset, refused, timed out, or the address was lost. lwIP has freed the PCB. */
static void on_err(void *arg, err_t err)
{
    struct sock *s = arg;

    (void)err;
    s->pcb = NULL;
    tk_lwip_wake();
}

/* s NULL: no callbacks. */
static void set_callbacks(struct tcp_pcb *pcb, struct sock *s)
{
    tcp_arg(pcb, s);
    tcp_recv(pcb, s != NULL ? on_recv : NULL);
    tcp_sent(pcb, s != NULL ? on_sent : NULL);
    tcp_poll(pcb, s != NULL ? on_poll : NULL, 1);
    tcp_err(pcb, s != NULL ? on_err : NULL);
}

/* --- the contract --- */

/* Starts a connection. Returns NULL if that fails. */
static struct tcp_pcb *start(struct sock *s, const struct tk_addr *addr, uint16_t tcp_port)
{
    ip_addr_t to;
    struct tcp_pcb *pcb = tk_lwip_to_ip(&to, addr) ? tcp_new_ip_type(IP_GET_TYPE(&to)) : NULL;

    if (pcb == NULL)
        return NULL;
    set_callbacks(pcb, s);
    tcp_nagle_disable(pcb);
    if (tcp_connect(pcb, &to, tcp_port, on_connected) == ERR_OK)
        return pcb;
    set_callbacks(pcb, NULL);
    tcp_abort(pcb);
    return NULL;
}

int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    struct sock *s = free_slot();

    (void)port;
    if (addr->family != 4 && !(LWIP_IPV6 && addr->family == 6))
        return TK_SOCK_ERR;
    if (s == NULL)
        return TK_SOCK_AGAIN;
    tk_lwip_timers_run();
    *s = (struct sock){.used = true};
    s->pcb = start(s, addr, tcp_port);
    s->used = s->pcb != NULL;
    return s->used ? (int)(s - socks) : TK_SOCK_ERR;
}

int tk_sock_connected(struct tk_port *port, int sock)
{
    const struct sock *s = find(sock);

    (void)port;
    if (s == NULL || (s->pcb == NULL && !s->ended))
        return TK_SOCK_ERR;
    return s->connected ? TK_SOCK_OK : TK_SOCK_AGAIN;
}

/* Writes as much as there is memory for. */
static int write_some(struct tcp_pcb *pcb, const void *data, size_t len)
{
    err_t err = ERR_MEM;

    if (len > tcp_sndbuf(pcb))
        len = tcp_sndbuf(pcb);
    while (len > 0) {
        err = tcp_write(pcb, data, (u16_t)len, TCP_WRITE_FLAG_COPY);
        if (err != ERR_MEM || len <= SMALLEST)
            break;
        len /= 2;
    }
    return err == ERR_OK ? (int)len : err == ERR_MEM ? TK_SOCK_AGAIN : TK_SOCK_ERR;
}

int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    struct sock *s = find(sock);

    (void)port;
    if (s == NULL || s->pcb == NULL)
        return TK_SOCK_ERR;
    if (len == 0)
        return 0;
    tk_lwip_timers_run();
    if (s->pcb == NULL) /* closed by a timer */
        return TK_SOCK_ERR;
    int n = s->connected ? write_some(s->pcb, data, len) : TK_SOCK_AGAIN;

    s->waits = n == TK_SOCK_AGAIN;
    if (n > 0)
        (void)tcp_output(s->pcb); /* TCP's timer sends what is left */
    return n;
}

/* Moves data from the front of the chain. */
static int take(struct sock *s, void *buf, size_t size)
{
    u16_t n = pbuf_copy_partial(s->in, buf, (u16_t)(size < 0xffff ? size : 0xffff), 0);

    s->in = pbuf_free_header(s->in, n);
    if (s->pcb != NULL)
        tcp_recved(s->pcb, n);
    return n;
}

int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    struct sock *s = find(sock);

    (void)port;
    if (s == NULL)
        return TK_SOCK_ERR;
    if (size == 0)
        return 0;
    if (s->in != NULL)
        return take(s, buf, size);
    if (s->ended)
        return TK_SOCK_CLOSED;
    return s->pcb != NULL ? TK_SOCK_AGAIN : TK_SOCK_ERR;
}

/* lwIP resets a connection that is closed with unread data, and sent data could be lost: the data
 * counts as read. While it closes it has the lowest priority, so that a new one can take its
 * PCB. */
static void close_in_order(struct sock *s)
{
    if (s->in != NULL)
        tcp_recved(s->pcb, s->in->tot_len);
    set_callbacks(s->pcb, NULL);
    tcp_setprio(s->pcb, TCP_PRIO_MIN);
    if (tcp_close(s->pcb) != ERR_OK)
        tcp_abort(s->pcb);
}

void tk_sock_close(struct tk_port *port, int sock)
{
    struct sock *s = find(sock);

    (void)port;
    if (s == NULL)
        return;
    tk_lwip_timers_run();
    if (s->pcb != NULL)
        close_in_order(s);
    if (s->in != NULL)
        pbuf_free(s->in);
    *s = (struct sock){.used = false};
}

/* --- whether TCP's timer is needed --- */

/* Whether an open connection has nothing to retransmit or acknowledge. */
static bool is_quiet(const struct tcp_pcb *pcb)
{
    return (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) && pcb->unsent == NULL &&
           pcb->unacked == NULL && pcb->refused_data == NULL && pcb->persist_backoff == 0 &&
           (pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND)) == 0;
}

static bool waits_for_memory(void)
{
    for (int i = 0; i < TK_LWIP_SOCKS; i++) {
        if (socks[i].used && socks[i].waits)
            return true;
    }
    return false;
}

/* A PCB in TIME_WAIT needs no timer: the next connection replaces it. */
bool tk_lwip_socks_busy(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (!is_quiet(pcb))
            return true;
    }
    return waits_for_memory();
}
