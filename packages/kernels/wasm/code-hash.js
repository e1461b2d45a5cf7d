export const codeHash = "904f70d3e6f38c0f";
