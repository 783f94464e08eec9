/**
 * From the parameters of TLS to what node:tls takes. Every file is read and checked here, one by
 * one, so that a mistake is told in one line with the parameter and the file that it is about.
 */
import { constants, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, DEFAULT_CIPHERS, type TlsOptions } from "node:tls";
import { reasonOf } from "./directives.js";
import type { TlsSettings } from "./tls-settings.js";

/** TLS cannot be set up; the message is one line that starts with the parameter. */
export class TlsError extends Error {
  readonly parameter: string;
  constructor(parameter: string, value: string, reason: string) {
    super(`${[parameter, value].filter((each) => each !== "").join(" ")}: ${reason}`);
    this.name = "TlsError";
    this.parameter = parameter;
  }
}

/** The weakest first. */
const PROTOCOLS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
type Protocol = (typeof PROTOCOLS)[number];
const DEFAULT_PROTOCOLS: readonly Protocol[] = ["TLSv1.2", "TLSv1.3"];

const LEFT_OUT: Record<Protocol, number> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  "TLSv1.1": constants.SSL_OP_NO_TLSv1_1,
  "TLSv1.2": constants.SSL_OP_NO_TLSv1_2,
  "TLSv1.3": constants.SSL_OP_NO_TLSv1_3,
};

/** Names that `openssl rehash` gives to certificates: only those are trusted, as in OpenSSL. */
const HASHED_NAME = /^[0-9a-f]{8}\.\d+$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What a server of node:tls needs; throws a TlsError. */
export function tlsOptions(tls: TlsSettings): TlsOptions {
  const certificate = readGiven("tls-cert-file", tls.certFile);
  const parsed = readCertificate("tls-cert-file", tls.certFile, certificate);
  const key = readGiven("tls-key-file", tls.keyFile);
  if (!parsed.checkPrivateKey(readKey(tls, key))) {
    const reason = `does not belong to the certificate ${tls.certFile}`;
    throw new TlsError("tls-key-file", tls.keyFile, reason);
  }
  const authorities = readAuthorities(tls);
  const options: TlsOptions = {
    cert: certificate,
    key,
    ...(tls.keyFilePass !== "" && { passphrase: tls.keyFilePass }),
    ...(authorities.length > 0 && { ca: authorities }),
    requestCert: tls.authClients !== "no",
    rejectUnauthorized: tls.authClients === "yes",
    ...protocolOptions(tls),
    ...cipherOptions(tls),
    sessionTimeout: Math.max(1, tls.sessionSeconds),
  };
  if (tls.dhParamsFile !== "") options.dhparam = readGiven("tls-dh-params-file", tls.dhParamsFile);
  checkWhole(tls, options);
  return options;
}

function readGiven(parameter: string, path: string): Buffer {
  if (path === "") throw new TlsError(parameter, "", "is needed for TLS and not set");
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new TlsError(parameter, path, reasonOf(cause));
  }
}

function readCertificate(parameter: string, path: string, text: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new TlsError(parameter, path, "holds no certificate in PEM form");
  }
}

function readKey(tls: TlsSettings, key: Buffer): KeyObject {
  const passphrase = tls.keyFilePass;
  try {
    return createPrivateKey({ key, ...(passphrase !== "" && { passphrase }) });
  } catch {
    throw new TlsError("tls-key-file", tls.keyFile, keyReason(key, passphrase));
  }
}

function keyReason(key: Buffer, passphrase: string): string {
  if (!key.includes("ENCRYPTED")) return "holds no private key in PEM form";
  if (passphrase === "") return "is encrypted and tls-key-file-pass is not set";
  return "tls-key-file-pass does not open it";
}

/** The certificates that clients' certificates must come from. */
function readAuthorities(tls: TlsSettings): string[] {
  const found: string[] = [];
  if (tls.caCertFile !== "") found.push(...authoritiesIn("tls-ca-cert-file", tls.caCertFile));
  if (tls.caCertDir !== "") {
    const names = hashedNames(tls.caCertDir);
    const files = names.map((name) => authoritiesIn("tls-ca-cert-dir", join(tls.caCertDir, name)));
    found.push(...files.flat());
  }
  if (found.length === 0 && tls.authClients !== "no") {
    const reason = "needs tls-ca-cert-file or tls-ca-cert-dir to check clients against";
    throw new TlsError("tls-auth-clients", tls.authClients, reason);
  }
  return found;
}

function hashedNames(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => HASHED_NAME.test(name));
  } catch (cause) {
    throw new TlsError("tls-ca-cert-dir", folder, reasonOf(cause));
  }
  if (names.length > 0) return names.sort();
  const reason = "holds no certificate named by its hash (`openssl rehash` gives these names)";
  throw new TlsError("tls-ca-cert-dir", folder, reason);
}

function authoritiesIn(parameter: string, path: string): string[] {
  const texts = readGiven(parameter, path).toString("latin1").match(CERTIFICATE) ?? [""];
  for (const text of texts) readCertificate(parameter, path, text);
  return texts;
}

function protocolOptions(tls: TlsSettings): TlsOptions {
  const chosen = chosenProtocols(tls.protocols);
  const between = PROTOCOLS.filter((each) => !chosen.includes(each));
  let secureOptions = tls.cachesSessions ? 0 : constants.SSL_OP_NO_TICKET;
  for (const protocol of between) secureOptions |= LEFT_OUT[protocol];
  return {
    minVersion: PROTOCOLS.find((each) => chosen.includes(each)) ?? "TLSv1.2",
    maxVersion: PROTOCOLS.findLast((each) => chosen.includes(each)) ?? "TLSv1.3",
    secureOptions,
  };
}

function chosenProtocols(text: string): readonly Protocol[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return DEFAULT_PROTOCOLS;
  return words.map((word) => {
    const known = PROTOCOLS.find((each) => each.toLowerCase() === word.toLowerCase());
    if (known !== undefined) return known;
    throw new TlsError("tls-protocols", text, `${word} is none of ${PROTOCOLS.join(", ")}`);
  });
}

/** Node takes both lists in one; the one that is not given stays as it is by default. */
function cipherOptions(tls: TlsSettings): TlsOptions {
  const names = DEFAULT_CIPHERS.split(":");
  const isSuite = (name: string) => name.startsWith("TLS_");
  const suites = tls.cipherSuites === "" ? names.filter(isSuite) : [tls.cipherSuites];
  const older = tls.ciphers === "" ? names.filter((name) => !isSuite(name)) : [tls.ciphers];
  return {
    ciphers: [...suites, ...older].join(":"),
    honorCipherOrder: tls.prefersServerCiphers,
  };
}

/** What is left to be wrong: lists of ciphers, parameters of Diffie-Hellman, a weak key. */
function checkWhole(tls: TlsSettings, options: TlsOptions): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = message.split("\n")[0] ?? "";
    if (/CIPHER/.test(`${code} ${message}`)) throw cipherError(tls, reason);
    if (/DH/.test(`${code} ${message}`) && tls.dhParamsFile !== "") {
      throw new TlsError("tls-dh-params-file", tls.dhParamsFile, reason);
    }
    throw new TlsError("tls-cert-file", tls.certFile, reason);
  }
}

function cipherError(tls: TlsSettings, reason: string): TlsError {
  const isSuites = tls.cipherSuites !== "" && (tls.ciphers === "" || /suite/i.test(reason));
  const name = isSuites ? "tls-ciphersuites" : "tls-ciphers";
  return new TlsError(name, isSuites ? tls.cipherSuites : tls.ciphers, "no cipher of that name");
}
