// Reads {name: html} as JSON on standard input; prints {name: [what is wrong]} for those that are not as HTML's standard asks.
import { HtmlValidate } from "html-validate";

const validate = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended", "html-validate:a11y"],
  rules: {
    "doctype-style": ["error", { style: "lowercase" }],
    "void-style": ["error", { style: "omit" }],
    // Several boxes to tick make one list.
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "submit"] }],
    // Titles are those of papers, and white space at the end of a line is the templates'.
    "long-title": "off",
    "no-trailing-whitespace": "off",
  },
});
let json = "";
for await (const chunk of process.stdin) json += chunk;
const found = {};
for (const [name, html] of Object.entries(JSON.parse(json))) {
  const { results } = await validate.validateString(html);
  const said = results.flatMap(({ messages }) => messages.map((each) => `${each.line}: ${each.ruleId}: ${each.message}`));
  if (said.length) found[name] = [...new Set(said)];
}
process.stdout.write(JSON.stringify(found));
