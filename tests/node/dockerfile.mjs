// Reads a Dockerfile; prints its instructions, and what is no instruction or has nothing to work on.
import { readFileSync } from "node:fs";
import { DockerfileParser } from "dockerfile-ast";

const KNOWN = ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN", "SHELL",
  "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];
const instructions = DockerfileParser.parse(readFileSync(0, "utf8")).getInstructions().map((each) => ({
  name: each.getKeyword(), rest: each.getArgumentsContent() ?? "",
}));
const faults = instructions.filter((each) => !KNOWN.includes(each.name) || !each.rest).map((each) => `${each.name} ${each.rest}`);
process.stdout.write(JSON.stringify({ instructions, faults }));
