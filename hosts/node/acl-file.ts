/** The file of users (`aclfile`): read into the engine, and written by ACL SAVE. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { EngineRequest } from "../shared/engine.js";
import { ReplyError } from "../shared/protocol/resp.js";
import type { Answer } from "../shared/sessions.js";
import { toLatin1 } from "./arguments.js";
import type { Run } from "./configuration.js";
import { reasonOf } from "./directives.js";
import type { Log } from "./log.js";

const SAVE_FAILED =
  "ERR There was an error trying to save the ACLs. " +
  "Please check the server logs for more information";

/** Gives the users of a file to the engine; answers why it cannot, else undefined. */
export function readAclFile(path: string, run: Run): string | undefined {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (cause) {
    const reason = reasonOf(cause).replace(/^./, (letter) => letter.toUpperCase());
    return `Error loading ACLs, opening file '${path}': ${reason}`;
  }
  const reply = run(["QUIRE", "USERS", path, text]);
  return reply instanceof ReplyError ? reply.message.replace(/^ERR /, "") : undefined;
}

/** ACL LOAD and ACL SAVE. */
export function answerAclRequest(request: EngineRequest, path: string, run: Run, log: Log): Answer {
  if (request.number === 0) {
    const reason = readAclFile(path, run);
    return reason === undefined ? { ok: true } : { ok: false, text: `ERR ${reason}` };
  }
  try {
    writeAside(path, toLatin1(request.text));
    return { ok: true };
  } catch (cause) {
    log.warning(`The users cannot be saved to '${path}': ${(cause as Error).message}`);
    return { ok: false, text: SAVE_FAILED };
  }
}

/** After a crash the file is the old one or the new one. */
function writeAside(path: string, text: string): void {
  const temporary = `${path}-${process.pid}-${Date.now()}.tmp`;
  try {
    writeFileSync(temporary, text, { encoding: "latin1", flush: true, mode: 0o600 });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}
