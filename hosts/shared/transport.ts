/** What a connection must offer: bytes out, stop and go for bytes in. Each runtime supplies one. */
export interface Transport {
  /** Address of the other side and of this one, as text ("127.0.0.1:50000"). */
  readonly peerAddress: string;
  readonly localAddress: string;
  /** Bytes accepted by `write` that have not left yet. */
  readonly unsentBytes: number;
  /**
   * Sends bytes, in order. True: they have all left, the caller may reuse the memory. False: the
   * transport still refers to them, so the caller never touches that memory again.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops and restarts the arrival of bytes. */
  pause(): void;
  resume(): void;
  /** Closes after what was written has left. */
  close(): void;
  /** Closes now; what has not left is lost. */
  destroy(): void;
}
