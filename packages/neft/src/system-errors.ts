import { oneLine } from "@neft/options";

/** The message of an error on one line, escaped: it may contain names from files. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "" ? "failed without a message" : oneLine(message);
}

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than the system allows",
  EIO: "input or output failed",
  EPIPE: "its reader has closed it",
  EBADF: "it isn't open for writing",
  ENXIO: "no process reads from it; start the reader first",
  EXDEV: "it is on another file system",
  EMFILE: "too many open files",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GB, more than can be read",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  ERR_INVALID_ARG_VALUE: "the name holds a character that no path can have",
};

/** The reason of a failed file operation, such as "no such file or directory". */
export function systemReason(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return (typeof code === "string" ? systemReasons[code] : undefined) ?? messageOf(error);
}

/** For `.catch`: returns undefined if a file doesn't exist, and throws all other errors again. */
export function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
