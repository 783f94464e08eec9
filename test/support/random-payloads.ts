// Random RESTOREs for generators of whole sequences: values of every type, written by hand in forms
// that redis-server 7.0 takes too.
import { type Bytes, double, length, listpack, payload, text, ziplist } from "./rdb-values";

type Words = string[];

/** What the generator draws from. */
export interface PayloadSource {
  /** True in so many of a hundred cases. */
  chance(percent: number): boolean;
  of<T>(choices: readonly T[]): T;
  random(limit: number): number;
  key(): string;
  field(): string;
  value(): string;
  millisecondsAt(): string;
}

/** Members that are all different. */
function members(source: PayloadSource): string[] {
  const count = 1 + source.random(source.of([2, 8, 40]));
  return [...new Set(Array.from({ length: count }, () => source.field()))];
}

function randomValue(source: PayloadSource): [number, Bytes] {
  const names = members(source);
  const short = names.map((name) => name.slice(0, 60));
  const different = [...new Set(short)];
  const pairs = different.flatMap((name) => [name, source.value().slice(0, 50)]);
  const scored = [...different].map((name, index) => [name, index] as [string, number]);
  const texts = (words: string[]) => words.flatMap((word) => text(word));
  return source.of<() => [number, Bytes]>([
    () => [0, text(source.value())],
    () => [1, [...length(names.length), ...texts(names)]],
    () => [2, [...length(names.length), ...texts(names)]],
    () => [4, [...length(pairs.length / 2), ...texts(pairs)]],
    () => [
      5,
      [
        ...length(scored.length),
        ...scored.flatMap(([name, score]) => [...text(name), ...double(score)]),
      ],
    ],
    () => [13, text(ziplist(...pairs))],
    () => [16, text(listpack(...pairs))],
    () => [17, text(listpack(...scored.flat()))],
    () => [18, [1, 2, ...text(listpack(...short))]],
  ])();
}

export function payloadGrammar(source: PayloadSource): Record<string, () => Words> {
  return {
    restore: () => {
      const expires = source.chance(20);
      const [type, value] = randomValue(source);
      const bytes = payload(type, value).toString("latin1");
      return [
        ...["RESTORE", source.key(), expires ? source.millisecondsAt() : "0"],
        source.chance(3) ? bytes.slice(1) : bytes,
        ...(expires ? ["ABSTTL"] : []),
        ...(source.chance(70) ? ["REPLACE"] : []),
        ...source.of<Words>([[], [], [], ["IDLETIME", "5"], ["FREQ", "x"]]),
      ];
    },
  };
}
