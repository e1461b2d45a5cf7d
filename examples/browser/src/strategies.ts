/**
 * The library's strategies towards labels in a few words. Listed here because the library's own table has the training code with it, which only the
 * engine needs; a test compares the ids.
 */
export const strategies = [
  { id: "noise-injection", words: "Noise injection", about: "weights vary in every step, as on a chip" },
  {
    id: "ovf",
    words: "OVF: oriented variational forward",
    about: "negative feedback from passes with larger σ; four times the work",
  },
  { id: "irs", words: "IRS: representation snapshots", about: "negative feedback from early layers" },
  { id: "temperature", words: "Temperature", about: "noise injection with softer scores: a control for the feedback" },
  { id: "none", words: "None", about: "plain training without variation, for comparison" },
];
