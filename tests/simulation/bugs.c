/* SPDX-License-Identifier: Apache-2.0 */
#include "bugs.h"

#include "tk_account_store.h"
#include "tk_alert_level.h"
#include "tk_alert_post.h"

#include <string.h>

enum {
    TWO_REFRESHES,
    TORN_COMMIT,
    LOSES_ON_ERROR,
    NO_INTENT,
    SERVES_EXPIRED,
    SERVES_UNSTORED,
    NO_LEVEL_4,
    LEVEL_4_TOO_SOON,
    NO_BACKOFF,
    GIVES_UP,
    NEVER_RENEWS,
    NOT_CLEARED,
    CLEARED_TWICE,
    RAISED_EACH_STEP,
    TRUSTS_A_BOUND,
    ENDS_AT_ONCE,
    BELIEVES_A_SAVED_CLOCK,
    TRIES_ONE_ADDRESS,
    TRIES_ONE_FAMILY,
    KEEPS_OLD_ADDRESSES
};

const struct bug bugs[] = {
    [TWO_REFRESHES] = {"two refreshes are sent at a time", 'a', SOAK_WEEKS, 1},
    [TORN_COMMIT] = {"the values of a commit are stored one by one", 'b', SOAK_WEEKS, 14},
    [LOSES_ON_ERROR] = {"a server error is taken for a refusal", 'c', SOAK_DENSE, 365},
    [NO_INTENT] = {"the intent to refresh is not stored", 'c', SOAK_WEEKS, 14},
    [SERVES_EXPIRED] = {"a token counts as valid for ten minutes too long", 'd', SOAK_DENSE, 365},
    [SERVES_UNSTORED] = {"a pair is served and not stored", 'c', SOAK_WEEKS, 14},
    [NO_LEVEL_4] = {"a configuration error is not escalated", 'e', SOAK_DENSE, 365},
    [LEVEL_4_TOO_SOON] = {"three failures raise level 4", 'e', SOAK_DENSE, 365},
    [NO_BACKOFF] = {"backoff is a sixty-fourth of its length", 'f', SOAK_DENSE, 365},
    [GIVES_UP] = {"retries end after three failures", 'g', SOAK_DENSE, 365},
    [NEVER_RENEWS] = {"the next refresh is a year too late", 'g', SOAK_WEEKS, 14},
    [NOT_CLEARED] = {"CLEARED is not sent", 'h', SOAK_DENSE, 365},
    [CLEARED_TWICE] = {"that CLEARED was delivered is not stored", 'h', SOAK_DENSE, 365},
    [RAISED_EACH_STEP] = {"RAISED is sent at each step", 'h', SOAK_DENSE, 365},
    [TRUSTS_A_BOUND] = {"a stored time counts as the time at a start", 'd', SOAK_DENSE, 365},
    [ENDS_AT_ONCE] = {"a clean end awaits no answer", 'c', SOAK_WEEKS, 14},
    [BELIEVES_A_SAVED_CLOCK] = {"a clock that nothing confirmed is believed", 'd', SOAK_DENSE, 365},
    [TRIES_ONE_ADDRESS] = {"one address of a name is tried", 'g', SOAK_DENSE, 365},
    [TRIES_ONE_FAMILY] = {"addresses of IPv6 are not tried", 'g', SOAK_DENSE, 365},
    [KEEPS_OLD_ADDRESSES] = {"a name is resolved once", 'g', SOAK_DENSE, 365},
};

const size_t bug_count = sizeof bugs / sizeof bugs[0];

static const struct bug *injected;
static struct gateway *gateway;
static struct tk_request twin, *original;
static struct {
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int count;
} first_answer[SERVER_HOSTS];

void bug_inject(const struct bug *bug, struct gateway *g)
{
    injected = bug;
    gateway = g;
    memset(&twin, 0, sizeof twin);
    memset(first_answer, 0, sizeof first_answer);
}

static bool has_bug(int bug)
{
    return injected == &bugs[bug];
}

/* --- replaced functions; the linker defines __real_ --- */

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

void __real_tk_https_start(struct tk_https *net, struct tk_request *r, enum tk_priority priority,
                           uint32_t timeout_ms);
int __real_tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count);
enum tk_action __real_tk_err_action(enum tk_err err);
enum tk_err __real_tk_account_store_intent(struct tk_account *a, bool open);
bool __real_tk_account_seconds_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);
enum tk_err __real_tk_account_store_pair(struct tk_account *a);
void __real_tk_alert_level_update(struct tk_alert *alert);
void __real_tk_alert_level_clear(struct tk_alert *alert);
void __real_tk_alert_post_changed(struct tk_alert *alert);
void __real_tk_alert_record_store(struct tk_alert *alert);
uint64_t __real_tk_runtime_random(const struct tk_runtime *rt, uint64_t limit);
void __real_tk_timer_start(struct tk_timers *s, struct tk_timer *task, uint64_t due_ms);

bool __real_tk_time_known(const struct tk_time *t, int64_t *unix_s);
bool __real_tk_keeper_shutdown(struct tk_keeper *k);
enum tk_time_quality __real_tk_clock_unix(struct tk_port *port, int64_t *unix_s);
int __real_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max);

static enum tk_err write_twin(struct tk_request *r, struct tk_text *out)
{
    (void)r;
    return original->write(original, out);
}

static void twin_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    (void)r;
    (void)err;
    (void)answer;
}

void __wrap_tk_https_start(struct tk_https *net, struct tk_request *r, enum tk_priority priority,
                           uint32_t timeout_ms)
{
    bool twice =
        has_bug(TWO_REFRESHES) && priority == TK_PRIORITY_REFRESH && !tk_https_active(&twin);

    if (twice) {
        original = r;
        twin = *r;
        twin.write = write_twin;
        twin.done = twin_done;
    }
    __real_tk_https_start(net, r, priority, timeout_ms);
    if (twice)
        __real_tk_https_start(net, &twin, priority, timeout_ms);
}

int __wrap_tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    int ret = TK_STORE_OK;

    if (!has_bug(TORN_COMMIT))
        return __real_tk_store_commit(s, values, count);
    for (size_t i = 0; i < count && ret == TK_STORE_OK; i++)
        ret = __real_tk_store_commit(s, &values[i], 1);
    return ret;
}

enum tk_action __wrap_tk_err_action(enum tk_err err)
{
    if (has_bug(LOSES_ON_ERROR) && err == TK_E_SERVER_ERROR)
        return TK_ACTION_REAUTH;
    return __real_tk_err_action(err);
}

enum tk_err __wrap_tk_account_store_intent(struct tk_account *a, bool open)
{
    return has_bug(NO_INTENT) ? TK_OK : __real_tk_account_store_intent(a, open);
}

bool __wrap_tk_account_seconds_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds)
{
    bool known = __real_tk_account_seconds_left(a, now_ms, seconds);

    if (known && has_bug(SERVES_EXPIRED) && a->refresh.failures == 0)
        *seconds += 600;
    return known;
}

enum tk_err __wrap_tk_account_store_pair(struct tk_account *a)
{
    if (has_bug(SERVES_UNSTORED) && a->pair.generation > 1)
        return TK_OK;
    return __real_tk_account_store_pair(a);
}

void __wrap_tk_alert_level_update(struct tk_alert *alert)
{
    struct tk_account *a = alert->account;
    enum tk_err blocked_by = a->refresh.blocked_by;

    if (has_bug(NO_LEVEL_4) && blocked_by != TK_OK)
        return;
    if (has_bug(LEVEL_4_TOO_SOON) && a->refresh.failures >= 3)
        a->refresh.blocked_by = TK_E_TIMEOUT;
    __real_tk_alert_level_update(alert);
    a->refresh.blocked_by = blocked_by;
}

void __wrap_tk_alert_level_clear(struct tk_alert *alert)
{
    if (has_bug(NOT_CLEARED))
        alert->record.delivered = alert->record.sent = 0;
    __real_tk_alert_level_clear(alert);
}

void __wrap_tk_alert_post_changed(struct tk_alert *alert)
{
    if (has_bug(RAISED_EACH_STEP) && alert->record.level > 0)
        alert->record.delivered = 0;
    __real_tk_alert_post_changed(alert);
}

void __wrap_tk_alert_record_store(struct tk_alert *alert)
{
    const struct tk_alert_record *r = &alert->record;

    if (!has_bug(CLEARED_TWICE) || r->level > 0 || r->clear_pending)
        __real_tk_alert_record_store(alert);
}

uint64_t __wrap_tk_runtime_random(const struct tk_runtime *rt, uint64_t limit)
{
    return __real_tk_runtime_random(rt, has_bug(NO_BACKOFF) ? limit / 64 + 1 : limit);
}

void __wrap_tk_timer_start(struct tk_timers *s, struct tk_timer *task, uint64_t due_ms)
{
    struct tk_account *a = injected == NULL ? NULL : gateway_account(gateway);
    bool refresh = a != NULL && task == &a->refresh.timer && due_ms != TK_NEVER;

    if (refresh && has_bug(GIVES_UP) && a->refresh.failures >= 3)
        due_ms = TK_NEVER;
    if (refresh && has_bug(NEVER_RENEWS) && a->refresh.failures == 0)
        due_ms += (uint64_t)365 * 86400 * 1000;
    __real_tk_timer_start(s, task, due_ms);
}

bool __wrap_tk_time_known(const struct tk_time *t, int64_t *unix_s)
{
    return has_bug(TRUSTS_A_BOUND) ? tk_time_can_verify(t, unix_s)
                                   : __real_tk_time_known(t, unix_s);
}

bool __wrap_tk_keeper_shutdown(struct tk_keeper *k)
{
    return __real_tk_keeper_shutdown(k) || has_bug(ENDS_AT_ONCE);
}

enum tk_time_quality __wrap_tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    enum tk_time_quality quality = __real_tk_clock_unix(port, unix_s);

    return has_bug(BELIEVES_A_SAVED_CLOCK) && quality == TK_TIME_UNSYNCED ? TK_TIME_SYSTEM
                                                                          : quality;
}

static int only_ipv4(struct tk_addr *addrs, int count)
{
    int n = 0;

    for (int i = 0; i < count; i++) {
        if (addrs[i].family == 4)
            addrs[n++] = addrs[i];
    }
    return n > 0 ? n : TK_SOCK_ERR;
}

/* Which host has these addresses: the group of the one that is not dead (server.c). */
static unsigned host_of(const struct tk_addr *addrs, int count)
{
    unsigned host = SERVER_HOSTS;

    for (int i = 0; i < count; i++) {
        if (addrs[i].bytes[1] < SERVER_HOSTS)
            host = addrs[i].bytes[1];
    }
    return host;
}

static int first_known(struct tk_addr *addrs, int count)
{
    unsigned host = host_of(addrs, count);

    if (host == SERVER_HOSTS)
        return count;
    if (first_answer[host].count == 0) {
        memcpy(first_answer[host].addrs, addrs, (size_t)count * sizeof *addrs);
        first_answer[host].count = count;
    }
    memcpy(addrs, first_answer[host].addrs, (size_t)first_answer[host].count * sizeof *addrs);
    return first_answer[host].count;
}

int __wrap_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    int n = __real_tk_sock_lookup_poll(port, lookup, addrs, max);

    if (n > 0 && has_bug(TRIES_ONE_ADDRESS))
        n = 1;
    if (n > 0 && has_bug(TRIES_ONE_FAMILY))
        n = only_ipv4(addrs, n);
    if (n > 0 && has_bug(KEEPS_OLD_ADDRESSES))
        n = first_known(addrs, n);
    return n;
}
