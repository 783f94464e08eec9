/** Of "EACCES: permission denied, open '/path'" the words: "permission denied". */
export function reasonOf(cause: unknown): string {
  const { message } = cause as Error;
  return /^E[A-Z]+: ([^,]*)/.exec(message)?.[1] ?? message;
}
