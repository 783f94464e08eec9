/** Which arguments of a command are secrets that no log and no MONITOR shows. */

import { Call } from "./call";
import { Row } from "./table";

/** Whether argument `index` of a call is shown as "(redacted)". */
export function isSecret(call: Call, row: Row, index: i32): bool {
  if (index < 1) return false;
  if (row.is("auth")) return true;
  if (row.is("hello")) return follows(call, index, "auth", 2);
  if (row.is("migrate")) return follows(call, index, "auth", 1) || follows(call, index, "auth2", 2);
  if (row.is("acl|setuser")) return index >= 2;
  if (row.is("acl|dryrun")) return index > 3 && speaksOfSecrets(call, 3);
  if (row.is("command|getkeys") || row.is("command|getkeysandflags")) {
    return index > 2 && speaksOfSecrets(call, 2);
  }
  return row.is("config|set") && index >= 3 && (index & 1) == 1 && isSecretSetting(call, index - 1);
}

/** Whether a command that is only asked about would have secrets among its arguments. */
function speaksOfSecrets(call: Call, index: i32): bool {
  return call.is(index, "auth") || call.is(index, "hello") || call.is(index, "migrate")
    || call.is(index, "acl") || call.is(index, "config");
}

/** Whether one of the `count` arguments before is this word. */
function follows(call: Call, index: i32, word: string, count: i32): bool {
  for (let back = 1; back <= count && index - back > 0; back++) {
    if (call.is(index - back, word)) return true;
  }
  return false;
}

function isSecretSetting(call: Call, index: i32): bool {
  return call.is(index, "requirepass") || call.is(index, "masterauth")
    || call.is(index, "masteruser") || call.is(index, "tls-key-file-pass")
    || call.is(index, "tls-client-key-file-pass");
}
