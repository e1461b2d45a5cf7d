export const codeHash = "5ea5cdde1f44ea51";
