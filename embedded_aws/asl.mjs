// Reads a state machine's definition a line, and answers each with the list of its problems.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const validate = createRequire(import.meta.url)("asl-validator");

for await (const line of createInterface({ input: process.stdin })) {
  const { errors } = validate(JSON.parse(line), { checkPaths: true, checkArn: true });
  console.log(JSON.stringify(errors.map((error) => JSON.stringify(error))));
}
