/** What the system says about files, made into lines for the user: which file, why, what to do. */

/** What stands between the user and a data set that cannot be used as it is. */
export const BRING_BACK =
  "bring back a copy of it, or move the directory away to begin without data";

const HELP: Record<string, string> = {
  EACCES: "see to its rights",
  EPERM: "see to its rights",
  EROFS: "nothing can be written there",
  ENOSPC: "make room on that disk",
  EDQUOT: "make room within the quota",
  EISDIR: "move that directory away",
  ENOTDIR: "a part of the path is no directory",
  EMFILE: "allow more open files (ulimit -n)",
  ENFILE: "allow more open files",
  EIO: "the disk may be failing",
};

/** Of "EACCES: permission denied, open '/path'" the words: "permission denied". */
export function reasonOf(cause: unknown): string {
  const { message } = cause as Error;
  return (
    /^(?:[a-z]+ )?E[A-Z]+: ([^,/']*)/
      .exec(message)?.[1]
      ?.trim()
      .replace(/ on a directory$/, "") ?? message
  );
}

/** The system's code of an error; undefined when it is not the system's. */
export function codeOf(cause: unknown): string | undefined {
  const { code } = cause as { code?: unknown };
  return typeof code === "string" && /^E[A-Z]+$/.test(code) ? code : undefined;
}

/** An error of the system with its file and what to do; other messages as they are. */
export function explain(cause: unknown): string {
  const code = codeOf(cause);
  if (code === undefined) return cause instanceof Error ? cause.message : String(cause);
  const { message, path } = cause as Error & { path?: string };
  const file = path ?? /'([^']+)'$/.exec(message)?.[1];
  const help = HELP[code];
  const text = `${reasonOf(cause)}${help === undefined ? "" : `; ${help}`}`;
  return file === undefined ? text : `Can't use '${file}': ${text}`;
}

/** Why a file that a data set needs cannot be used, and what to do. */
export function unusable(place: string, name: string, cause: unknown): Error {
  const code = codeOf(cause);
  if (code === "ENOENT") {
    const text = `${name}, a part of the data, is missing in ${place}; ${BRING_BACK}`;
    return new Error(text, { cause });
  }
  const help = (code !== undefined && HELP[code]) || BRING_BACK;
  return new Error(`${name} in ${place} cannot be used: ${reasonOf(cause)}; ${help}`, { cause });
}

const TEXTS: Record<string, string> = {
  EACCES: "Permission denied",
  EDQUOT: "Disk quota exceeded",
  EFBIG: "File too large",
  EIO: "Input/output error",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
};

/** As the system's own text for an error number reads, where that is known. */
export function systemTextOf(cause: unknown): string {
  const { code = "", message } = cause as { code?: string; message: string };
  return TEXTS[code] ?? message.replace(/[\r\n]+/g, " ");
}
