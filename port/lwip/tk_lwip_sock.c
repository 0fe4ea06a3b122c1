/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_private.h"

#include <lwip/priv/tcp_priv.h>
#include <string.h>

#if TCP_WND > 0xffff
#error "what waits to be read is one chain, whose length lwIP counts in 16 bits"
#endif

enum { SMALLEST = 64 /* bytes worth sending when memory is short */ };

struct sock {
    bool used;
    bool connected;
    bool ended;          /* the peer's FIN came: what is in `in` is the last of it */
    bool waits;          /* a send found no room */
    struct tcp_pcb *pcb; /* NULL: lwIP has ended it, in disorder unless `ended` */
    struct pbuf *in;     /* what arrived and was not read */
};

static struct sock socks[TK_LWIP_SOCKS];

static struct sock *find(int sock)
{
    return sock >= 0 && sock < TK_LWIP_SOCKS && socks[sock].used ? &socks[sock] : NULL;
}

static struct sock *free_place(void)
{
    for (int i = 0; i < TK_LWIP_SOCKS; i++) {
        if (!socks[i].used)
            return &socks[i];
    }
    return NULL;
}

/* --- what lwIP tells --- */

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct sock *s = arg;

    (void)pcb;
    (void)err;
    s->connected = true;
    tk_lwip_wake();
    return ERR_OK;
}

/* The window is what bounds the chain: it opens again as the bytes are read. */
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

/* Memory that others gave back is not announced: twice a second it is tried again. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    (void)pcb;
    return on_room(arg);
}

/* Reset, refused, given up, or the address went away. lwIP has freed the pcb. */
static void on_err(void *arg, err_t err)
{
    struct sock *s = arg;

    (void)err;
    s->pcb = NULL;
    tk_lwip_wake();
}

static void listen_to(struct tcp_pcb *pcb, struct sock *s)
{
    tcp_arg(pcb, s);
    tcp_recv(pcb, s != NULL ? on_recv : NULL);
    tcp_sent(pcb, s != NULL ? on_sent : NULL);
    tcp_poll(pcb, s != NULL ? on_poll : NULL, 1);
    tcp_err(pcb, s != NULL ? on_err : NULL);
}

/* --- the contract --- */

/* A connection that has begun, or NULL. */
static struct tcp_pcb *begin(struct sock *s, const struct tk_addr *addr, uint16_t tcp_port)
{
    struct tcp_pcb *pcb = tcp_new();
    ip_addr_t to;

    if (pcb == NULL)
        return NULL;
    IP_ADDR4(&to, addr->bytes[0], addr->bytes[1], addr->bytes[2], addr->bytes[3]);
    listen_to(pcb, s);
    tcp_nagle_disable(pcb);
    if (tcp_connect(pcb, &to, tcp_port, on_connected) == ERR_OK)
        return pcb;
    listen_to(pcb, NULL);
    tcp_abort(pcb);
    return NULL;
}

int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    struct sock *s = free_place();

    (void)port;
    if (s == NULL || addr->family != 4)
        return TK_SOCK_ERR;
    tk_lwip_timers_run();
    *s = (struct sock){.used = true};
    s->pcb = begin(s, addr, tcp_port);
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

/* As much of it as there is memory for. */
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
    if (s->pcb == NULL) /* one of them gave it up */
        return TK_SOCK_ERR;
    int n = s->connected ? write_some(s->pcb, data, len) : TK_SOCK_AGAIN;

    s->waits = n == TK_SOCK_AGAIN;
    if (n > 0)
        (void)tcp_output(s->pcb); /* what it cannot send now, its timer does */
    return n;
}

/* What lies at the front of the chain, which shrinks by it. */
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

/* lwIP resets a connection that is closed with bytes unread, and what was sent might be lost: they
 * count as read. Until its end it has the lowest rank, so that it gives way to a new one. */
static void close_in_order(struct sock *s)
{
    if (s->in != NULL)
        tcp_recved(s->pcb, s->in->tot_len);
    listen_to(s->pcb, NULL);
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

/* An open connection on which nothing is to be sent again or acknowledged rests. */
static bool rests(const struct tcp_pcb *pcb)
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

/* One in TIME_WAIT needs nobody: it goes when the next one is opened. */
bool tk_lwip_socks_busy(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (!rests(pcb))
            return true;
    }
    return waits_for_memory();
}
