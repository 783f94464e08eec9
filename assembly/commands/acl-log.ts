/** ACL LOG: what was refused, the latest first. */

import { nowMs } from "../memory/root";
import {
  replyArray, replyBulk, replyBulkText, replyDouble, replyInteger, replyMap, replyOk,
} from "../protocol/reply";
import { replySubcommandSyntax } from "../protocol/errors";
import { Call, integerOrReply } from "../server/call";
import { Denied, Entry, entryCount, firstEntry, trimDenied } from "../server/users-log";

/** Entries that are shown without a number. */
const SHOWN: i64 = 10;

export function aclLog(call: Call): void {
  if (call.argumentCount > 3) return replySubcommandSyntax(call.at(1), call.bytesOf(1), "ACL");
  let most = SHOWN;
  if (call.argumentCount == 3) {
    if (call.is(2, "reset")) {
      trimDenied(0);
      return replyOk();
    }
    if (!integerOrReply(call, 2)) return;
    most = max<i64>(call.integer, 0);
  }
  const count = <u32>min(most, <i64>entryCount());
  replyArray(count);
  let address = changetype<usize>(firstEntry());
  for (let index: u32 = 0; index < count; index++) {
    const entry = changetype<Entry>(address);
    replyEntry(entry);
    address = entry.next;
  }
}

function reasonOf(reason: Denied): string {
  if (reason == Denied.COMMAND) return "command";
  if (reason == Denied.KEY) return "key";
  return reason == Denied.AUTH ? "auth" : "channel";
}

function replyEntry(entry: Entry): void {
  replyMap(10);
  replyBulkText("count");
  replyInteger(<i64>entry.count);
  replyBulkText("reason");
  replyBulkText(reasonOf(entry.reason));
  replyBulkText("context");
  replyBulkText(entry.isMulti ? "multi" : "toplevel");
  replyBulkText("object");
  replyBulk(entry.object, entry.objectBytes);
  replyBulkText("username");
  replyBulk(entry.user, entry.userBytes);
  replyBulkText("age-seconds");
  replyDouble(<f64>(nowMs() - entry.updatedMs) / 1000);
  replyBulkText("client-info");
  replyBulk(entry.client, entry.clientBytes);
  replyBulkText("entry-id");
  replyInteger(<i64>entry.id);
  replyBulkText("timestamp-created");
  replyInteger(entry.createdMs);
  replyBulkText("timestamp-last-updated");
  replyInteger(entry.updatedMs);
}
