// The proof of work: the browser computes for about a second, once, before a sign-up is sent. Nobody else is asked.
import "./altcha/altcha.js";

// The worker comes from a file of ours: the page's policy allows no other.
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("./altcha/pbkdf2.js", import.meta.url)));

// What the widget says, in the site's own words.
globalThis.$altcha.i18n.set("en", {
  ...globalThis.$altcha.i18n.get("en"),
  error: "Your browser could not do the work. Please load the page again.",
  expired: "That took too long. Please press once more.",
  label: "Have my browser do a second’s work",
  loading: "One moment",
  verificationRequired: "Please wait until your browser has done its work.",
  verified: "Your browser has done its work",
  verifying: "Your browser is at work",
  waitAlert: "Please wait until your browser has done its work.",
});
