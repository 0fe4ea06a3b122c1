/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The commands of the console, in the order that `help` prints, as rows of
 *
 *      TK_COMMAND(name, form, flags, run, about)
 *
 * with the flags of enum tk_command_flag and a function tk_command_<run>. `about` is a line for
 * people (tk_words.h).
 */

TK_COMMAND("help", "[command]", 0, help, "this list, or one of its lines")
TK_COMMAND("version", "", 0, version, "what runs here, and on which device")
TK_COMMAND("status", "[--all]", 0, status, "what the account is doing")
TK_COMMAND("show", "", 0, show, "its configuration, secrets as length and digest")
TK_COMMAND("history", "", 0, history, "the last events, oldest first, over restarts")
TK_COMMAND(
    "set", "<key> <value>", NEEDS_ARGS | SETS, set,
    "portal, client_id, client_secret, scope, auth_host, renew, escalate_url, escalate_level, "
    "escalate_template, corezoid_login, corezoid_key, corezoid_conv, ip, ntp")
TK_COMMAND("unset", "<key>", NEEDS_ARGS, unset, "back to its default, or to nothing")
TK_COMMAND("check", "", 0, check,
           "clock, seed, store, network, then the way to each host, stage by stage")
TK_COMMAND("auth begin", "", 0, auth_begin,
           "prints the link to open, and keeps a connection warm for the code")
TK_COMMAND("auth code", "<code | whole redirect address>", NEEDS_ARGS | HIDES | TAKES_OVER,
           auth_code, "exchanges the code within its 30 seconds")
TK_COMMAND("auth refresh", "", 0, auth_refresh, "renews the token at once")
TK_COMMAND("auth forget", "", 0, auth_forget, "drops the token pair; the configuration stays")
TK_COMMAND("token", "[min_valid_s] [rejected=G]", 0, token, "prints a valid access token")
TK_COMMAND("escalate test", "", 0, escalate_test, "sends a test to where escalations go")
TK_COMMAND("ca list", "", 0, ca_list, "the roots of trust that were added to those of the build")
TK_COMMAND("ca add begin", "", 0, ca_begin, "a root will come in pieces; drops what was not ended")
TK_COMMAND("ca add", "<base64>", NEEDS_ARGS, ca_add,
           "the next piece of its DER: a line of its PEM file, or more")
TK_COMMAND("ca add end", "", 0, ca_end, "checks it, and trusts it from now on")
TK_COMMAND("ca del", "<sha256>", NEEDS_ARGS, ca_del,
           "trusts it no more; its first 8 digits will do")
TK_COMMAND("time", "[unix]", 0, time, "shows or sets the clock")
TK_COMMAND("seed", "<hex>", NEEDS_ARGS | HIDES, seed,
           "gives a device without a random source its first random numbers")
TK_COMMAND("ref", "[name]", 0, ref, "lists the accounts, or selects one")
TK_COMMAND("ref add", "<name>", NEEDS_ARGS, ref_add, "makes an account and selects it")
TK_COMMAND("ref del", "<name>", NEEDS_ARGS, ref_del, "removes an account without a token pair")
TK_COMMAND("log", "<off|error|info>", NEEDS_ARGS, log,
           "which LOG lines come; info: each failed refresh too")
TK_COMMAND("selftest", "", 0, selftest, "whether this device keeps the contract of its port")
TK_COMMAND("reboot", "", 0, reboot, "starts anew; everything stored stays")
TK_COMMAND("factory-reset", "<last 4 of the id>", NEEDS_ARGS, factory_reset, "erases everything")
