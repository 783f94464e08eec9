/** Which requests are copied into the stream of effects as they lie. */
import { ARGUMENTS_WINDOW, INPUT_WINDOW } from "../../../assembly/abi";
import { canonicalEnd } from "../../../assembly/keyspace/effects";

/** Places `text` in the input window, its arguments where the pairs of numbers say. */
function place(text: string, offset: i32, arguments: i32[]): usize {
  for (let at = 0; at < text.length; at++) {
    store<u8>(INPUT_WINDOW + offset + at, <u8>text.charCodeAt(at));
  }
  for (let index = 0; index < arguments.length; index += 2) {
    const entry = <usize>ARGUMENTS_WINDOW + (<usize>index << 2);
    store<u32>(entry, INPUT_WINDOW + offset + arguments[index]);
    store<u32>(entry, arguments[index + 1], 4);
  }
  return <usize>canonicalEnd(ARGUMENTS_WINDOW, arguments.length >> 1);
}

describe("a request in the input window", () => {
  it("is copied as a whole when it is canonical, from the first byte of the window on", () => {
    for (let offset = 0; offset < 20; offset++) {
      const text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\n0123456789ab\r\n";
      const end = place(text, offset, [8, 3, 17, 1, 25, 12]);
      expect(end).toBe(<usize>(INPUT_WINDOW + offset + text.length));
    }
  });

  it("is not when it was inline, has leading zeros, or its arguments are others", () => {
    expect(place("SET k v\r\n SET k v\r\n", 8, [0, 3, 4, 1, 6, 1])).toBe(0);
    expect(place("*3\r\n$03\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", 8, [9, 3, 18, 1, 25, 1])).toBe(0);
    expect(place("*3\r\n$3\r\nSET\r\n$01\r\nk\r\n$1\r\nv\r\n", 8, [8, 3, 18, 1, 25, 1])).toBe(0);
    expect(place("*2\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", 8, [8, 3, 17, 1, 24, 1])).toBe(0);
    expect(place("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", 8, [8, 3, 24, 1, 17, 1])).toBe(0);
    expect(place("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nvv\r\n", 8, [8, 3, 17, 1, 24, 1])).toBe(0);
  });
});
