/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The commands of the console, in the order that `help` prints. This file is read several times,
 * each time with another TK_COMMAND(name, form, hidden, needs, run, about): see tk_command.h. What
 * stands last is a line for people (tk_words.h).
 */

TK_COMMAND("help", "[command]", false, false, tk_command_help, "this list, or one of its lines")
TK_COMMAND("version", "", false, false, version, "what runs here, and on which device")
TK_COMMAND("status", "[--all]", false, false, tk_command_status, "what the account is doing")
TK_COMMAND("show", "", false, false, tk_command_show,
           "its configuration, secrets as length and digest")
TK_COMMAND("history", "", false, false, tk_command_history,
           "the last events, oldest first, over restarts")
TK_COMMAND(
    "set", "<key> <value>", false, true, tk_command_set,
    "portal, client_id, client_secret, scope, auth_host, renew, escalate_url, escalate_level, "
    "escalate_template, corezoid_login, corezoid_key, corezoid_conv, ip, ntp")
TK_COMMAND("unset", "<key>", false, true, tk_command_unset, "back to its default, or to nothing")
TK_COMMAND("check", "", false, false, tk_command_check,
           "clock, seed, store, network, then the way to each host, stage by stage")
TK_COMMAND("auth begin", "", false, false, tk_command_auth_begin,
           "prints the link to open, and keeps a connection warm for the code")
TK_COMMAND("auth code", "<code | whole redirect address>", true, true, tk_command_auth_code,
           "exchanges the code within its 30 seconds")
TK_COMMAND("auth refresh", "", false, false, tk_command_auth_refresh, "renews the token at once")
TK_COMMAND("auth forget", "", false, false, tk_command_auth_forget,
           "drops the token pair; the configuration stays")
TK_COMMAND("token", "[min_valid_s] [rejected=G]", false, false, tk_command_token,
           "prints a valid access token")
TK_COMMAND("escalate test", "", false, false, tk_command_escalate_test,
           "sends a test to where escalations go")
TK_COMMAND("ca list", "", false, false, tk_command_ca_list,
           "the roots of trust that were added to those of the build")
TK_COMMAND("ca add begin", "", false, false, tk_command_ca_begin,
           "a root will come in pieces; drops what was not ended")
TK_COMMAND("ca add", "<base64>", false, true, tk_command_ca_add,
           "the next piece of its DER: a line of its PEM file, or more")
TK_COMMAND("ca add end", "", false, false, tk_command_ca_end,
           "checks it, and trusts it from now on")
TK_COMMAND("ca del", "<sha256>", false, true, tk_command_ca_del,
           "trusts it no more; its first 8 digits will do")
TK_COMMAND("time", "[unix]", false, false, set_time, "shows or sets the clock")
TK_COMMAND("seed", "<hex>", true, true, seed,
           "gives a device without a random source its first random numbers")
TK_COMMAND("ref", "[name]", false, false, ref, "lists the accounts, or selects one")
TK_COMMAND("ref add", "<name>", false, true, ref_add, "makes an account and selects it")
TK_COMMAND("ref del", "<name>", false, true, ref_del, "removes an account without a token pair")
TK_COMMAND("log", "<off|error|info>", false, true, set_log,
           "which LOG lines come; info: each failed refresh too")
TK_COMMAND("selftest", "", false, false, selftest,
           "whether this device keeps the contract of its port")
TK_COMMAND("reboot", "", false, false, reboot, "starts anew; everything stored stays")
TK_COMMAND("factory-reset", "<last 4 of the id>", false, true, factory_reset, "erases everything")
