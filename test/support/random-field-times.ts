// Random commands about times of hash fields, for generators of whole sequences. redis-server 7.0
// does not know them: they are among the newer ones of RandomCommands.

type Words = string[];

/** What the generator draws from. */
export interface FieldTimesSource {
  /** True in so many of a hundred cases. */
  chance(percent: number): boolean;
  of<T>(choices: readonly T[]): T;
  key(): string;
  field(): string;
  value(): string;
  seconds(): string;
  milliseconds(): string;
  secondsAt(): string;
  millisecondsAt(): string;
}

/** FIELDS with some fields, now and then with a number that is wrong. */
function fieldList(source: FieldTimesSource, withValues = false): Words {
  const fields = Array.from({ length: source.of([1, 1, 2, 3, 20]) }, () => source.field());
  const words = withValues ? fields.flatMap((field) => [field, source.value()]) : fields;
  const count = source.chance(4) ? source.of(["0", "-1", "x", "99"]) : String(fields.length);
  return [source.chance(3) ? "FIELD" : "FIELDS", count, ...words];
}

function lifetime(source: FieldTimesSource, other: string): Words {
  return source.of<() => Words>([
    () => [],
    () => [other],
    () => ["EX", source.seconds()],
    () => ["PX", source.milliseconds()],
    () => ["EXAT", source.secondsAt()],
    () => ["PXAT", source.millisecondsAt()],
    () => ["PX", source.of(["0", "-1", "x"])],
  ])();
}

export function fieldTimesGrammar(source: FieldTimesSource): Record<string, () => Words> {
  const { key } = source;
  const condition = () => source.of<Words>([[], [], ["NX"], ["XX"], ["GT"], ["LT"], ["x"]]);
  const setter = (name: string, time: () => string) => () => [
    ...[name, key(), source.chance(5) ? "0" : time()],
    ...condition(),
    ...fieldList(source),
  ];
  const reader = (name: string) => () => [name, key(), ...fieldList(source)];
  return {
    hexpire: setter("HEXPIRE", source.seconds),
    hpexpire: setter("HPEXPIRE", source.milliseconds),
    hexpireat: setter("HEXPIREAT", source.secondsAt),
    hpexpireat: setter("HPEXPIREAT", source.millisecondsAt),
    hpersist: reader("HPERSIST"),
    httl: reader("HTTL"),
    hpexpiretime: reader("HPEXPIRETIME"),
    hgetdel: reader("HGETDEL"),
    hgetex: () => ["HGETEX", key(), ...lifetime(source, "PERSIST"), ...fieldList(source)],
    hsetex: () => [
      ...["HSETEX", key()],
      ...source.of<Words>([[], [], ["FNX"], ["FXX"]]),
      ...lifetime(source, "KEEPTTL"),
      ...fieldList(source, true),
    ],
  };
}
