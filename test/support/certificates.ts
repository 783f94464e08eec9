/** Certificates for tests, made with openssl: an authority, what it has signed, and strangers. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const DAYS = ["-days", "30000"];

/** Paths of files in PEM form. */
export interface Certificates {
  authority: string;
  /** Signed by the authority for localhost and 127.0.0.1. */
  server: Pair;
  /** Another one of the same kind. */
  nextServer: Pair;
  client: Pair;
  /** Signed by an authority that nobody trusts. */
  stranger: Pair;
  /** The key of `server`, encrypted with "secret". */
  encryptedKey: string;
}

export interface Pair {
  cert: string;
  key: string;
}

/** Makes all of them in the folder. */
export function makeCertificates(folder: string): Certificates {
  const authority = makeAuthority(folder, "authority");
  const foreign = makeAuthority(folder, "foreign");
  const server = sign(folder, authority, "server");
  const encryptedKey = join(folder, "server-encrypted.key");
  openssl("ec", "-in", server.key, "-aes128", "-passout", "pass:secret", "-out", encryptedKey);
  return {
    authority: authority.cert,
    server,
    nextServer: sign(folder, authority, "next"),
    client: sign(folder, authority, "client"),
    stranger: sign(folder, foreign, "stranger"),
    encryptedKey,
  };
}

/** A folder of authorities needs names of this form. */
export function hashOf(certificate: string): string {
  return openssl("x509", "-in", certificate, "-noout", "-hash").trim();
}

function makeAuthority(folder: string, name: string): Pair {
  const pair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const files = ["-keyout", pair.key, "-out", pair.cert];
  openssl("req", "-x509", ...CURVE, "-nodes", ...DAYS, "-subj", `/CN=${name}`, ...files);
  return pair;
}

function sign(folder: string, authority: Pair, name: string): Pair {
  const pair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  openssl("req", ...CURVE, "-nodes", "-subj", `/CN=${name}`, "-keyout", pair.key, "-out", request);
  const by = ["-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial"];
  const how = ["-extfile", extensions, ...DAYS, "-out", pair.cert];
  openssl("x509", "-req", "-in", request, ...by, ...how);
  return pair;
}

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
