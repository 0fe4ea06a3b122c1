/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The lines of `status`, an X-macro in the order that it prints: TK_STATUS(add, key), where add is
 * the function that appends the value, NULL for the setting of that name. The last of
 * them are printed with --all only, as are the counters that follow, TK_COUNTER(member, key) of
 * struct tk_counters, and those of POSTs, TK_POST(member, key) of struct tk_alert.
 */

TK_STATUS(add_ref, "ref")
TK_STATUS(add_state, "state")
TK_STATUS(add_reason, "reason")
TK_STATUS(NULL, "portal")
TK_STATUS(add_moved_to, "moved_to")
TK_STATUS(add_endpoint, "client_endpoint")
TK_STATUS(add_user, "user_id")
TK_STATUS(add_member, "member_id")
TK_STATUS(NULL, "scope")
TK_STATUS(add_scope_granted, "scope_granted")
TK_STATUS(add_expires_in, "expires_in")
TK_STATUS(add_expires_at, "expires_at")
TK_STATUS(add_generation, "generation")
TK_STATUS(add_next_refresh, "next_refresh_in")
TK_STATUS(NULL, "renew")
TK_STATUS(add_rest, "rest")
TK_STATUS(add_rest_error, "rest_error")
TK_STATUS(add_token_task, "corezoid_token")
TK_STATUS(add_escalation, "escalation")
TK_STATUS(add_last_error, "last_error")
TK_STATUS(add_time, "time")
TK_STATUS(add_time_quality, "time_quality")
TK_STATUS(add_clock_behind, "clock_behind")
TK_STATUS(tk_action_add, "action")

/* with --all */
TK_STATUS(add_said, "said")
TK_STATUS(add_description, "description")
TK_STATUS(add_answer, "answer")
TK_STATUS(add_moved_from, "moved_from")
TK_STATUS(add_failures, "failures")
TK_STATUS(add_intent, "intent")
TK_STATUS(tk_setting_print_auth_host, "auth_host")
TK_STATUS(add_token_task_error, "corezoid_token_error")
TK_STATUS(add_store, "store")
TK_STATUS(add_boots, "boots")
TK_STATUS(add_uptime, "uptime")
TK_STATUS(add_device, "device")

TK_COUNTER(ok, "refreshes_ok")
TK_COUNTER(failed[TK_ACTION_RETRY], "failed_retry")
TK_COUNTER(failed[TK_ACTION_WAIT], "failed_wait")
TK_COUNTER(failed[TK_ACTION_BLOCK], "failed_block")
TK_COUNTER(failed[TK_ACTION_REAUTH], "failed_reauth")
TK_COUNTER(retries, "retries")
TK_COUNTER(recovered, "recovered")
TK_COUNTER(last_ms, "refresh_ms")
TK_COUNTER(longest_ms, "refresh_ms_max")
TK_POST(posts_taken, "posts_taken")
TK_POST(posts_failed, "posts_failed")
