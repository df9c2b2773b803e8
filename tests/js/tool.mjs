// Other people's code at work for the tests: one JSON object a line on standard input, one answer a
// line on standard output. tests/e2e/third_party.py is the other side.
//
//   {"sse": [chunk, ...]}            what eventsource-parser makes of the stream that comes in pieces
//   {"document": d, "json-patch": p} d after p, by fast-json-patch
//   {"document": d, "merge-patch": p} d after p, by json-merge-patch
import { createInterface } from "node:readline";
import { createParser } from "eventsource-parser";
import jsonPatch from "fast-json-patch";
import mergePatch from "json-merge-patch";

function readStream(chunks) {
  const seen = { events: [], comments: 0, errors: [] };
  const parser = createParser({
    onEvent: (event) => seen.events.push(event),
    onComment: () => seen.comments++,
    onRetry: (interval) => seen.errors.push(`retry: ${interval}`),
    onError: (error) => seen.errors.push(String(error)),
  });
  for (const chunk of chunks) {
    parser.feed(chunk);
  }
  return seen;
}

function answer(asked) {
  if (asked.sse) {
    return readStream(asked.sse);
  }
  if (asked["json-patch"]) {
    const done = jsonPatch.applyPatch(asked.document, asked["json-patch"], true, false);
    return { document: done.newDocument };
  }
  return { document: mergePatch.apply(asked.document, asked["merge-patch"]) };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let said;
  try {
    said = answer(JSON.parse(line));
  } catch (error) {
    said = { error: `${error.name}: ${error.message}`.slice(0, 1000) };
  }
  process.stdout.write(JSON.stringify(said) + "\n");
}
