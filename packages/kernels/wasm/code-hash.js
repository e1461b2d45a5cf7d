export const codeHash = "d949bd7aaf74204a";
