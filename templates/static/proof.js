// The proof of work: the browser computes for about a second, once, before a sign-up is sent. Nobody else is asked.
import "./altcha/altcha.js";

// The worker comes from a file of ours: the page's policy allows no other.
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("./altcha/pbkdf2.js", import.meta.url)));
