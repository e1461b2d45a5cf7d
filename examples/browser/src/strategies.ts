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
  { id: "ovf-irs", words: "OVF and IRS", about: "negative feedback from both; four times the work" },
  { id: "temperature", words: "Temperature", about: "noise injection with softer scores: a control for the feedback" },
  { id: "vant", words: "Drawn σ", about: "noise injection at a σ drawn for each step" },
  { id: "sigma-ramp", words: "Growing σ", about: "noise injection at a σ that grows over the run" },
  { id: "sigma-above", words: "Larger σ", about: "noise injection at one and a half times σ" },
  { id: "correctnet", words: "CorrectNet's penalty", about: "noise injection, and weights close to orthogonal ones" },
  {
    id: "adversarial",
    words: "Adversarial weights",
    about: "a penalty on what an attack on the weights does; five times the work",
  },
  { id: "sam", words: "Sharpness-aware", about: "noise injection at the worst weights nearby; twice the work" },
  { id: "none", words: "None", about: "plain training without variation, for comparison" },
];
