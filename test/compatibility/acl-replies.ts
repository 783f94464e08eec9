// Replies about users of 7.0 and of 7.4 in one form, so that what is left can be compared.
import { decode } from "../support/engine";

/** Errors of 7.0 and how they begin since 7.2. */
const REFUSALS: [RegExp, RegExp][] = [
  [
    /^-EXECABORT Transaction discarded because of: NOPERM this user has no (.*)\r\n$/,
    /^-EXECABORT Transaction discarded because of: NOPERM User \S* has no (.*)\r\n$/,
  ],
  [
    /^-NOPERM this user has no permissions to run the '(.*)' command\r\n$/,
    /^-NOPERM User \S* has no permissions to run the '(.*)' command\r\n$/,
  ],
  [
    /^-NOPERM this user has no permissions to access one of the keys used as arguments(\r\n)$/,
    /^-NOPERM No permissions to access a key(\r\n)$/,
  ],
  [
    /^-NOPERM this user has no permissions to access one of the channels used as arguments(\r\n)$/,
    /^-NOPERM No permissions to access a channel(\r\n)$/,
  ],
];

/** Whether both refuse for the same reason. */
export function isSameRefusal(redis: string, quire: string): boolean {
  return REFUSALS.some(([theirs, ours]) => {
    const found = theirs.exec(redis)?.[1];
    return found !== undefined && found === ours.exec(quire)?.[1];
  });
}

/** Whether ACL DRYRUN gives both the same reason. */
export function isSameDryRun(redis: string, quire: string): boolean {
  const reason = (reply: string) =>
    /(This user|User \S*) (has no permissions to .*)/.exec(reply)?.[2];
  return reason(redis) !== undefined && reason(redis) === reason(quire);
}

/** Whether ACL LIST and GETUSER show the same, but for the flag that 7.0 leaves out at first. */
export function isSameUser(redis: string, quire: string): boolean {
  return JSON.stringify(withoutFlag(redis)) === JSON.stringify(withoutFlag(quire));
}

function withoutFlag(reply: string): unknown {
  const clean = (value: unknown): unknown => {
    if (value instanceof Map) return clean([...value.entries()]);
    if (Array.isArray(value)) {
      return value.filter((each) => each !== "sanitize-payload").map(clean);
    }
    return typeof value === "string" ? value.replaceAll(" sanitize-payload", "") : value;
  };
  return clean(decode(reply));
}

/** What 7.2 adds to an entry of ACL LOG, and what can never be the same on two servers. */
const NOT_COMPARED = new Set([
  ...["entry-id", "timestamp-created", "timestamp-last-updated"],
  ...["age-seconds", "client-info"],
]);

/** Whether ACL LOG tells the same. */
export function isSameLog(redis: string, quire: string): boolean {
  const [theirs, ours] = [entriesOf(redis), entriesOf(quire)];
  return theirs !== undefined && JSON.stringify(theirs) === JSON.stringify(ours);
}

function entriesOf(reply: string): unknown[] | undefined {
  const entries = decode(reply);
  if (!Array.isArray(entries)) return undefined;
  return entries.map((entry) => {
    const flat = entry instanceof Map ? [...entry.entries()].flat() : (entry as unknown[]);
    return flat.filter((_, index) => !NOT_COMPARED.has(String(flat[index - (index % 2)])));
  });
}
