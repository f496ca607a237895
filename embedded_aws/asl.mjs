// Reads a state machine's definition a line, and answers each with the list of its problems.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const validate = createRequire(import.meta.url)("asl-validator");

// The validator's pattern takes JSONata of one line.
const asItKnowsIt = (_, value) =>
  typeof value === "string" && /^\{%.*%\}$/s.test(value)
    ? `{% ${value.slice(2, -2).replace(/\s+/g, " ").trim()} %}`
    : value;

for await (const line of createInterface({ input: process.stdin })) {
  const { errors } = validate(JSON.parse(line, asItKnowsIt), { checkPaths: true, checkArn: true });
  console.log(JSON.stringify(errors.map((error) => JSON.stringify(error))));
}
