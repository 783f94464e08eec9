/** The parameters of TLS, as the engine reports them. */

export interface TlsSettings {
  port: number;
  certFile: string;
  keyFile: string;
  keyFilePass: string;
  caCertFile: string;
  caCertDir: string;
  /** Whether clients must show a certificate: "yes", "no", "optional". */
  authClients: string;
  /** Names with spaces between, empty for the default. */
  protocols: string;
  ciphers: string;
  cipherSuites: string;
  prefersServerCiphers: boolean;
  dhParamsFile: string;
  cachesSessions: boolean;
  sessionSeconds: number;
}

export const DEFAULT_TLS_SETTINGS: TlsSettings = {
  port: 0,
  certFile: "",
  keyFile: "",
  keyFilePass: "",
  caCertFile: "",
  caCertDir: "",
  authClients: "yes",
  protocols: "",
  ciphers: "",
  cipherSuites: "",
  prefersServerCiphers: false,
  dhParamsFile: "",
  cachesSessions: true,
  sessionSeconds: 300,
};

type Apply = (tls: TlsSettings, value: string) => void;

export const APPLY_TLS: Record<string, Apply> = {
  "tls-port": (tls, value) => {
    tls.port = Number(value);
  },
  "tls-cert-file": (tls, value) => {
    tls.certFile = value;
  },
  "tls-key-file": (tls, value) => {
    tls.keyFile = value;
  },
  "tls-key-file-pass": (tls, value) => {
    tls.keyFilePass = value;
  },
  "tls-ca-cert-file": (tls, value) => {
    tls.caCertFile = value;
  },
  "tls-ca-cert-dir": (tls, value) => {
    tls.caCertDir = value;
  },
  "tls-auth-clients": (tls, value) => {
    tls.authClients = value;
  },
  "tls-protocols": (tls, value) => {
    tls.protocols = value;
  },
  "tls-ciphers": (tls, value) => {
    tls.ciphers = value;
  },
  "tls-ciphersuites": (tls, value) => {
    tls.cipherSuites = value;
  },
  "tls-prefer-server-ciphers": (tls, value) => {
    tls.prefersServerCiphers = value === "yes";
  },
  "tls-dh-params-file": (tls, value) => {
    tls.dhParamsFile = value;
  },
  "tls-session-caching": (tls, value) => {
    tls.cachesSessions = value === "yes";
  },
  "tls-session-cache-timeout": (tls, value) => {
    tls.sessionSeconds = Number(value);
  },
};
