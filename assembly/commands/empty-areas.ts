/**
 * True answers of areas that are empty so far: modules, functions, scripts, cluster, replication.
 *
 * Clients ask before they need them. Each answer is what Redis says of a server that has none of
 * it; a command that would need the missing part is unknown here, or its error names the part. A
 * group that gets built takes its rows from here.
 */

import {
  CLUSTER_DISABLED, FUNCTION_FLUSH_OPTION, NOT_BUSY, NO_LIBRARY, NO_LIBRARY_NAME, NO_REPLICATION,
  SCRIPT_FLUSH_OPTION, replyErrorAround, replySubcommandSyntax,
} from "../protocol/errors";
import {
  replyArray, replyBulkText, replyEmptyArray, replyError, replyInteger, replyMap, replyNull,
  replyOk,
} from "../protocol/reply";
import { Call } from "../server/call";
import { command, deprecated } from "../server/table";
import { containerHelp } from "./help";

function container(call: Call): void {}

function emptyList(call: Call): void {
  replyEmptyArray();
}

function notBusy(call: Call): void {
  replyError(NOT_BUSY);
}

/** Whether the last argument is absent, SYNC or ASYNC. */
function isFlush(call: Call): bool {
  const count = call.argumentCount;
  return count == 2 || (count == 3 && (call.is(2, "sync") || call.is(2, "async")));
}

// ---- Functions and scripts ----------------------------------------------------------------------

function functionList(call: Call): void {
  let withCode = false;
  let named = false;
  for (let index = 2; index < call.argumentCount; index++) {
    if (!withCode && call.is(index, "withcode")) {
      withCode = true;
    } else if (!named && call.is(index, "libraryname")) {
      if (++index == call.argumentCount) return replyError(NO_LIBRARY_NAME);
      named = true;
    } else {
      return replyErrorAround("ERR Unknown argument ", call.at(index), call.bytesOf(index), "");
    }
  }
  replyEmptyArray();
}

function functionFlush(call: Call): void {
  if (call.argumentCount > 3) {
    return replySubcommandSyntax(call.at(1), call.bytesOf(1), "FUNCTION");
  }
  if (isFlush(call)) replyOk();
  else replyError(FUNCTION_FLUSH_OPTION);
}

function functionDelete(call: Call): void {
  replyError(NO_LIBRARY);
}

function functionStats(call: Call): void {
  replyMap(2);
  replyBulkText("running_script");
  replyNull();
  replyBulkText("engines");
  replyMap(1);
  replyBulkText("LUA");
  replyMap(2);
  replyBulkText("libraries_count");
  replyInteger(0);
  replyBulkText("functions_count");
  replyInteger(0);
}

function scriptExists(call: Call): void {
  replyArray(call.argumentCount - 2);
  for (let index = 2; index < call.argumentCount; index++) replyInteger(0);
}

function scriptFlush(call: Call): void {
  if (isFlush(call)) replyOk();
  else replyError(SCRIPT_FLUSH_OPTION);
}

// ---- Cluster and replication --------------------------------------------------------------------

function cluster(call: Call): void {
  replyError(CLUSTER_DISABLED);
}

function replicaOf(call: Call): void {
  if (call.is(1, "no") && call.is(2, "one")) replyOk();
  else replyError(NO_REPLICATION);
}

// ---- Rows ---------------------------------------------------------------------------------------

function registerFunctions(): void {
  const every = "request_policy:all_shards response_policy:all_succeeded";
  command(container.index, "function", "scripting", "7.0.0", -2, "", "", "", "", "",
    "Depends on subcommand.", "Libraries of functions; there are none yet.");
  command(functionDelete.index, "function|delete", "scripting", "7.0.0", 3, "write noscript",
    "scripting", "", "library-name:string", every, "O(1)", "Deletes a library.");
  command(functionFlush.index, "function|flush", "scripting", "7.0.0", -2, "write noscript",
    "scripting", "", "flush-type:oneof?(async:pure-token=ASYNC sync:pure-token=SYNC)", every,
    "O(N) in the number of functions", "Deletes all libraries.");
  command(containerHelp.index, "function|help", "scripting", "7.0.0", 2, "loading stale",
    "scripting", "", "", "", "O(1)", "Lists the subcommands.");
  command(notBusy.index, "function|kill", "scripting", "7.0.0", 2, "noscript allow_busy",
    "scripting", "", "", "request_policy:all_shards response_policy:one_succeeded", "O(1)",
    "Stops the function that runs.");
  command(functionList.index, "function|list", "scripting", "7.0.0", -2, "noscript", "scripting",
    "", "library-name-pattern:string=LIBRARYNAME? withcode:pure-token=WITHCODE?",
    "nondeterministic_output_order", "O(N) in the number of functions", "Lists the libraries.");
  command(functionStats.index, "function|stats", "scripting", "7.0.0", 2, "noscript allow_busy",
    "scripting", "", "",
    "nondeterministic_output request_policy:all_shards response_policy:special", "O(1)",
    "Tells what runs and how many functions there are.");
}

function registerScripts(): void {
  command(container.index, "script", "scripting", "2.6.0", -2, "", "", "", "", "",
    "Depends on subcommand.", "Scripts that are kept; there are none yet.");
  command(scriptExists.index, "script|exists", "scripting", "2.6.0", -3, "noscript", "scripting",
    "", "sha1:string*", "request_policy:all_shards response_policy:agg_logical_and",
    "O(N) in the number of scripts asked for", "Tells which scripts are kept.");
  command(scriptFlush.index, "script|flush", "scripting", "2.6.0", -2, "noscript", "scripting",
    "", "flush-type:oneof?^6.2.0(async:pure-token=ASYNC sync:pure-token=SYNC)",
    "request_policy:all_nodes response_policy:all_succeeded", "O(N) in the number of scripts",
    "Forgets all scripts.");
  command(containerHelp.index, "script|help", "scripting", "5.0.0", 2, "loading stale",
    "scripting", "", "", "", "O(1)", "Lists the subcommands.");
  command(notBusy.index, "script|kill", "scripting", "2.6.0", 2, "noscript allow_busy",
    "scripting", "", "", "request_policy:all_shards response_policy:one_succeeded", "O(1)",
    "Stops the script that runs.");
}

function registerCluster(): void {
  command(cluster.index, "cluster", "cluster", "3.0.0", -2, "", "", "", "", "",
    "Depends on subcommand.", "Facts of a cluster; this server is in none.");
  command(cluster.index, "asking", "cluster", "3.0.0", 1, "fast", "connection", "", "", "", "O(1)",
    "Follows a redirection of a cluster.");
  command(cluster.index, "readonly", "cluster", "3.0.0", 1, "loading stale fast", "connection", "",
    "", "", "O(1)", "Allows reads from a replica of a cluster.");
  command(cluster.index, "readwrite", "cluster", "3.0.0", 1, "loading stale fast", "connection",
    "", "", "", "O(1)", "Ends READONLY.");
}

export function registerEmptyAreas(): void {
  const source = "args:oneof(host-port:block(host:string port:integer) \
no-one:block(no:pure-token=NO one:pure-token=ONE))";
  command(container.index, "module", "server", "4.0.0", -2, "", "", "", "", "",
    "Depends on subcommand.", "Loaded modules; there are none.");
  command(containerHelp.index, "module|help", "server", "5.0.0", 2, "loading stale", "", "", "",
    "", "O(1)", "Lists the subcommands.");
  command(emptyList.index, "module|list", "server", "4.0.0", 2, "admin noscript", "", "", "",
    "nondeterministic_output_order", "O(N) in the number of modules", "Lists the modules.");
  registerFunctions();
  registerScripts();
  registerCluster();
  command(replicaOf.index, "replicaof", "server", "5.0.0", 3,
    "admin noscript stale no_async_loading", "", "", source, "", "O(1)",
    "Follows another server, or no longer.");
  command(replicaOf.index, "slaveof", "server", "1.0.0", 3,
    "admin noscript stale no_async_loading", "", "", source, "", "O(1)",
    "Follows another server, or no longer.");
  deprecated("slaveof", "5.0.0", "`REPLICAOF`");
}
