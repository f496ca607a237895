// Reads a state machine's definition a line, and answers each with the list of its problems.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const validate = createRequire(import.meta.url)("asl-validator");

// The validator's pattern takes JSONata of one line, and its schema no ResultWriter with WriterConfig alone, which AWS takes
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html).
const asItKnowsIt = (name, value) => {
  if (typeof value === "string" && /^\{%.*%\}$/s.test(value)) {
    return `{% ${value.slice(2, -2).replace(/\s+/g, " ").trim()} %}`;
  }
  return name === "ResultWriter" && Object.keys(value).join() === "WriterConfig" ? undefined : value;
};

for await (const line of createInterface({ input: process.stdin })) {
  const { errors } = validate(JSON.parse(line, asItKnowsIt), { checkPaths: true, checkArn: true });
  console.log(JSON.stringify(errors.map((error) => JSON.stringify(error))));
}
