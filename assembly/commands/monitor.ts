/** MONITOR: the session is shown every command that runs; see server/monitors.ts. */

import { MONITOR_DENIED } from "../protocol/errors";
import { replyError, replyOk } from "../protocol/reply";
import { Call } from "../server/call";
import { becomeMonitor } from "../server/monitors";
import { command } from "../server/table";

/** A second MONITOR answers nothing, as Redis has it. */
function monitor(call: Call): void {
  if (!call.canWait) return replyError(MONITOR_DENIED);
  if (call.session.isMonitor) return;
  becomeMonitor(call.session);
  replyOk();
}

export function registerMonitor(): void {
  command(monitor.index, "monitor", "server", "1.0.0", 1, "admin noscript loading stale", "", "",
    "", "", "O(N) in the number of monitors", "Shows this connection every command that runs.");
}
