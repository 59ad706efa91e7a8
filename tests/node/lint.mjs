// Reads HTML on standard input; prints the features that mail clients lack, as JSON.
import { caniemail } from "caniemail";

const clients = [
  "apple-mail.macos", "apple-mail.ios", "gmail.desktop-webmail", "gmail.ios", "gmail.android",
  "outlook.windows", "outlook.macos", "outlook.outlook-com", "outlook.ios", "outlook.android",
];
let html = "";
for await (const chunk of process.stdin) html += chunk;
const { issues } = caniemail({ clients, html });
const found = {};
for (const [severity, rows] of Object.entries({ error: issues.errors, warning: issues.warnings }))
  for (const [client, features] of rows)
    for (const feature of features) (found[feature.title] ??= { error: [], warning: [] })[severity].push(client);
process.stdout.write(JSON.stringify(found));
