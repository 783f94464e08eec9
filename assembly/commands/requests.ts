/**
 * The host's answers: what a session that waits for a Request is told when the host completes it.
 */

import { Request } from "../abi";
import { replyErrorLine, replyOk, replyStatusBytes } from "../protocol/reply";
import { Session } from "../server/session";
import { completeConfigure } from "./configuration";
import { completeWaitLog } from "./log";
import { completeMigrate } from "./migrate";
import { completeBackgroundSave } from "./persistence";
import { completeShutdown } from "./shutdown";

/** Answers the session and ends its waiting; when `ok` is false `text` is the whole error line. */
export function completeRequest(session: Session, ok: bool, text: usize, bytes: u32): void {
  const kind: Request = session.requestKind;
  if (kind == Request.CONFIGURE) completeConfigure(session.request, ok);
  if (kind == Request.MIGRATE) completeMigrate();
  session.request = 0;
  session.requestKind = Request.NONE;
  if (kind == Request.SHUTDOWN) completeShutdown(session, ok, text, bytes);
  else if (ok && kind == Request.BACKGROUND_SAVE) completeBackgroundSave();
  else if (ok && kind == Request.REWRITE_LOG) replyStatusBytes(text, bytes);
  else if (ok && kind == Request.WAIT_LOG) completeWaitLog(text, bytes);
  else if (ok) replyOk();
  else replyErrorLine(text, bytes);
}

/** The session that asked is gone; what the host did holds all the same. */
export function completeAbandoned(request: u32, ok: bool): void {
  completeConfigure(request, ok);
}
