/**
 * The host's answers: what a session that waits for a Request is told when the host completes it.
 */

import { Request } from "../abi";
import { replyErrorLine, replyOk } from "../protocol/reply";
import { Session } from "../server/session";
import { completeConfigure } from "./configuration";
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
  else if (ok) replyOk();
  else replyErrorLine(text, bytes);
}

/** The session that asked is gone; what the host did holds all the same. */
export function completeAbandoned(request: u32, ok: bool): void {
  completeConfigure(request, ok);
}
