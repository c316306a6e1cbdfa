// Parses server-sent events (HTML standard) from a fetch response.

/** @typedef {{id: string, event: string, data: any}} ServerEvent */

/**
 * Yield the events of a response as they arrive.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* readEvents(body) {
  const decoder = /** @type {ReadableWritablePair<string, Uint8Array>} */ (new TextDecoderStream());
  const reader = body.pipeThrough(decoder).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event) yield event;
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/**
 * @param {string} block
 * @returns {ServerEvent | null} null for comments
 */
function parseBlock(block) {
  const found = { id: "", event: "message", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const match = /^(id|event|data): ?(.*)$/.exec(line);
    if (!match) continue;
    const name = /** @type {"id" | "event" | "data"} */ (match[1]);
    found[name] = name === "data" && found.data ? `${found.data}\n${match[2]}` : match[2];
  }
  return found.data ? { ...found, data: JSON.parse(found.data) } : null;
}
