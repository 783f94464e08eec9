// Lists for random commands.
import { ENDS, type RandomCommands, type Words } from "../random-commands";

export function listGrammar(r: RandomCommands): Record<string, () => Words> {
  const side = () => (r.chance(3) ? "UP" : r.of(["LEFT", "RIGHT", "left"]));
  const count = () => (r.chance(50) ? [] : [r.of(["0", "1", "2", "30", "-1", "x"])]);
  const signed = () => r.of(["0", "1", "-1", "2", "-2", "3", "-9", "100", "x"]);
  return {
    lpush: () => ["LPUSH", r.key(), ...r.elements()],
    rpush: () => ["RPUSH", r.key(), ...r.elements()],
    lpushx: () => ["LPUSHX", r.key(), ...r.elements()],
    rpushx: () => ["RPUSHX", r.key(), ...r.elements()],
    lpop: () => ["LPOP", r.key(), ...count()],
    rpop: () => ["RPOP", r.key(), ...count()],
    llen: () => ["LLEN", r.key()],
    lrange: () => ["LRANGE", r.key(), r.of(ENDS), r.of(ENDS)],
    ltrim: () => ["LTRIM", r.key(), r.of(["0", "1", "-50", "-3"]), r.of(ENDS)],
    lindex: () => ["LINDEX", r.key(), r.of(ENDS)],
    lset: () => ["LSET", r.key(), r.of(ENDS), r.value()],
    linsert: () => [
      ...["LINSERT", r.key(), r.of(["BEFORE", "AFTER", "after", "ON"])],
      ...[r.value(), r.value()],
    ],
    lrem: () => ["LREM", r.key(), signed(), r.value()],
    lpos: () => [
      ...["LPOS", r.key(), r.value()],
      ...r.chosen(
        () => ["RANK", signed()],
        () => ["COUNT", r.of(["0", "1", "3", "-1", "x"])],
        () => ["MAXLEN", r.of(["0", "1", "10", "-1", "x"])],
      ),
    ],
    lmove: () => ["LMOVE", r.key(), r.key(), side(), side()],
    rpoplpush: () => ["RPOPLPUSH", r.key(), r.key()],
    lmpop: () => {
      const keys = r.several();
      const number = r.chance(5) ? r.integer(5) : String(keys.length);
      return ["LMPOP", number, ...keys, side(), ...(r.chance(50) ? ["COUNT", signed()] : [])];
    },
  };
}
