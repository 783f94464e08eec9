import type { Script } from "../../support/script";

/** What is answered before the other server is asked. */
export const scripts: Script[] = [
  {
    name: "migrate: options and keys that are not there",
    commands: [
      "migrate",
      "migrate 127.0.0.1 1 a 0",
      "migrate 127.0.0.1 1 a 0 x",
      "migrate 127.0.0.1 1 a x 10",
      "migrate 127.0.0.1 1 a 0 10 foo",
      "migrate 127.0.0.1 1 a 0 10 copy replace",
      "migrate 127.0.0.1 1 a 0 10 auth",
      "migrate 127.0.0.1 1 a 0 10 auth2 user",
      "migrate 127.0.0.1 1 a 0 10 auth2 user password",
      "migrate 127.0.0.1 1 a 0 10 keys a b",
      ["migrate", "127.0.0.1", "1", "", "0", "10", "keys"],
      ["migrate", "127.0.0.1", "1", "", "x", "10", "keys", "a"],
      ["migrate", "127.0.0.1", "1", "", "0", "-5", "keys", "a", "b"],
      "debug reload foo",
      "debug reload nosave foo",
    ],
  },
];
